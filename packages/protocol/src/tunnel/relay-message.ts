/** What manager and relay say to each other, beside the connections they carry: JSON in the tunnel's messages. Pure. */

import { describe } from '../duration.ts'
import { ProtocolError } from '../errors.ts'

/** Manager → relay: which of these addresses lead to me? Answered by `probed`. */
export interface Probe {
  readonly type: 'probe'
  /** `host:port`, at most 64. */
  readonly addresses: readonly string[]
  /** What the manager shows there, in PEM: somebody else may listen at the same address of another network. */
  readonly certificate: string
}

/** Relay → manager: how each went, in the order of the question. */
export interface Probed {
  readonly type: 'probed'
  readonly results: readonly ProbeResult[]
}

export interface ProbeResult {
  readonly address: string
  /** Why the manager cannot be reached there; absent when it can. */
  readonly failure?: string
}

/** Manager → relay: I am done, end. */
export interface Goodbye {
  readonly type: 'goodbye'
}

export type RelayMessage = Probe | Probed | Goodbye

const maxAddresses = 64
const maxTextLength = 16_384

export function encodeRelayMessage(message: RelayMessage): Uint8Array {
  return Buffer.from(JSON.stringify(message))
}

/** @throws {ProtocolError} when the bytes are no such message. */
export function decodeRelayMessage(bytes: Uint8Array): RelayMessage {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes).toString())
  } catch (cause) {
    throw new ProtocolError('Received a tunnel message that is no JSON', { cause })
  }
  const message: Readonly<Record<string, unknown>> =
    typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  switch (message['type']) {
    case 'probe':
      return {
        type: 'probe',
        addresses: list(message, 'addresses').map((address) => text(address, 'addresses')),
        certificate: text(message['certificate'], 'certificate'),
      }
    case 'probed':
      return { type: 'probed', results: list(message, 'results').map(probeResult) }
    case 'goodbye':
      return { type: 'goodbye' }
    default:
      throw new ProtocolError(`Received a tunnel message of unknown type: ${describe(message['type'])}`)
  }
}

function probeResult(value: unknown): ProbeResult {
  const { address, failure } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >
  return {
    address: text(address, 'address'),
    ...(failure !== undefined && { failure: text(failure, 'failure') }),
  }
}

function list(message: Readonly<Record<string, unknown>>, name: string): readonly unknown[] {
  const value = message[name]
  if (Array.isArray(value) && value.length <= maxAddresses) return value
  throw new ProtocolError(`Received a tunnel message with wrong ${name}: ${describe(value)}`)
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string' && value.length <= maxTextLength) return value
  throw new ProtocolError(`Received a tunnel message with a wrong ${name}: ${describe(value)}`)
}
