/**
 * What opens a tunnel's stream: each end proves that it knows the token, without saying it. The manager sends the name
 * of the protocol and a nonce, the relay its own nonce and a proof over both, the manager its proof.
 */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { AuthenticationError, ProtocolError } from '../errors.ts'

const greeting = Buffer.from('dialback-tunnel/1\n')
const nonceBytes = 32
const proofBytes = 32

export interface TunnelHandshakeOptions {
  readonly stream: Duplex
  /** At least 128 random bits. */
  readonly token: string
  /** Ends the waiting for the other end. */
  readonly signal: AbortSignal
}

/**
 * The manager's part. When it rejects, the stream is of no use any more.
 *
 * @throws {AuthenticationError} when the relay does not know the token; the reason of `signal`; {Error} when the stream ends.
 */
export async function proveAsManager({ stream, token, signal }: TunnelHandshakeOptions): Promise<void> {
  const managerNonce = randomBytes(nonceBytes)
  stream.write(Buffer.concat([greeting, managerNonce]))
  const answer = await readExactly(stream, nonceBytes + proofBytes, signal)
  const nonces = { managerNonce, relayNonce: answer.subarray(0, nonceBytes) }
  if (!timingSafeEqual(answer.subarray(nonceBytes), proof(token, 'relay', nonces)))
    throw new AuthenticationError('The relay does not know the token of this tunnel')
  stream.write(proof(token, 'manager', nonces))
}

/**
 * The relay's part. When it rejects, the stream is of no use any more.
 *
 * @throws {ProtocolError} when what is said is something else; {AuthenticationError} when the manager does not know the
 * token; the reason of `signal`; {Error} when the stream ends.
 */
export async function proveAsRelay({ stream, token, signal }: TunnelHandshakeOptions): Promise<void> {
  const hello = await readExactly(stream, greeting.byteLength + nonceBytes, signal)
  if (!hello.subarray(0, greeting.byteLength).equals(greeting))
    throw new ProtocolError('Received something else than the greeting of a tunnel of version 1')
  const nonces = { managerNonce: hello.subarray(greeting.byteLength), relayNonce: randomBytes(nonceBytes) }
  stream.write(Buffer.concat([nonces.relayNonce, proof(token, 'relay', nonces)]))
  const answer = await readExactly(stream, proofBytes, signal)
  if (!timingSafeEqual(answer, proof(token, 'manager', nonces)))
    throw new AuthenticationError('The manager does not know the token of this tunnel')
}

interface Nonces {
  readonly managerNonce: Uint8Array
  readonly relayNonce: Uint8Array
}

/** By role, so that neither end's proof can be played back as the other's. */
function proof(token: string, role: 'manager' | 'relay', { managerNonce, relayNonce }: Nonces): Buffer {
  return createHmac('sha256', token)
    .update(greeting)
    .update(role)
    .update(managerNonce)
    .update(relayNonce)
    .digest()
}

/** Leaves what comes behind in the stream. */
async function readExactly(stream: Duplex, size: number, signal: AbortSignal): Promise<Buffer> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const read = (): void => {
    // Without an encoding it gives Buffers; fewer than asked for only at the end.
    const bytes = stream.read(size) as Buffer | null
    if (bytes === null) return
    if (bytes.byteLength === size) resolve(bytes)
    else ended()
  }
  const ended = (): void =>
    reject(new Error('The other end of the tunnel closed the stream before it was proven'))
  const aborted = (): void => reject(signal.reason as Error)
  const events = { readable: read, end: ended, close: ended, error: reject }
  for (const [name, listener] of Object.entries(events)) stream.on(name, listener)
  signal.addEventListener('abort', aborted, { once: true })
  try {
    read()
    return await promise
  } finally {
    for (const [name, listener] of Object.entries(events)) stream.off(name, listener)
    signal.removeEventListener('abort', aborted)
  }
}
