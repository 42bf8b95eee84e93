/** The first message of each connection and its answer: versions, token, proof. Pure; docs/protocol.md, "Handshake". */

import { createHmac, timingSafeEqual } from 'node:crypto'
import { describe } from './duration.ts'
import { AuthenticationError, ProtocolError, VersionMismatchError } from './errors.ts'
import { limits } from './limits.ts'
import { Packr } from './packr.ts'
import type { SharedProbe } from './shared-memory.ts'

/** Raised when a message changes its meaning; both ends must have the same. */
export const protocolVersion = 1

/** Where a worker runs, as its pod's downward API tells it. */
export interface PodFacts {
  readonly name: string
  readonly uid: string
  readonly node?: string
  /** Limits of the worker's container. */
  readonly cpuMillis?: number
  readonly memoryBytes?: number
}

/** Worker to manager, first on each connection. */
export interface Hello {
  readonly type: 'hello'
  readonly protocol: number
  /** Of Node, as `process.version` gives it. */
  readonly runtime: string
  /** Which of the launched workers this is. */
  readonly name: string
  /** The secret that was given to this worker alone. */
  readonly token: string
  /** Random; the manager proves with it that it knows the token as well. */
  readonly nonce: string
  /** `control`, or `thread {index}.{generation}`. */
  readonly connection: string
  readonly pid: number
  /** How many packets of an earlier connection of this name arrived; 0 on the first. */
  readonly received: number
  /** Absent when the worker cannot share memory with the manager. */
  readonly memory?: SharedProbe
  /** Absent where the worker is no pod. */
  readonly pod?: PodFacts
}

/** Manager to worker: the connection stands. */
export interface Welcome {
  readonly type: 'welcome'
  readonly workerId: number
  /** The worker numbers its ids from `idRange * 2^32 + 1`. */
  readonly idRange: number
  /** HMAC-SHA-256 of the nonce with the token as key, in hex. */
  readonly proof: string
  readonly received: number
  readonly heartbeatIntervalMs: number
  /** After this long without a word the other side counts as gone. */
  readonly silenceLimitMs: number
  /** Absent when the manager cannot read the memory that the hello told of. */
  readonly memory?: SharedProbe
}

/** Manager to worker: no. The connection is closed. */
export interface Abort {
  readonly type: 'abort'
  readonly code: 'PROTOCOL' | 'AUTHENTICATION' | 'VERSION_MISMATCH'
  readonly message: string
}

const packr = new Packr({ useRecords: false, moreTypes: false, int64AsType: 'number' })

export function encodeHandshake(message: Hello | Welcome | Abort): Uint8Array {
  return packr.pack(message)
}

/** @throws {ProtocolError} when the bytes are no hello. */
export function decodeHello(bytes: Uint8Array): Hello {
  const hello = unpackObject(bytes)
  requireField(hello, 'type', (value) => value === 'hello')
  for (const name of ['protocol', 'pid', 'received']) requireField(hello, name, isCount)
  for (const name of ['runtime', 'name', 'token', 'nonce', 'connection']) requireField(hello, name, isText)
  if (hello['memory'] !== undefined) requireField(hello, 'memory', isProbe)
  if (hello['pod'] !== undefined) requireField(hello, 'pod', isPodFacts)
  return hello as unknown as Hello
}

/** @throws {ProtocolError | AuthenticationError | VersionMismatchError} when it is no welcome, by what the abort says. */
export function decodeWelcome(bytes: Uint8Array): Welcome {
  const answer = unpackObject(bytes)
  if (answer['type'] === 'abort') throw abortError(answer)
  requireField(answer, 'type', (value) => value === 'welcome')
  for (const name of ['workerId', 'idRange', 'received', 'heartbeatIntervalMs', 'silenceLimitMs'])
    requireField(answer, name, isCount)
  requireField(answer, 'proof', isText)
  if (answer['memory'] !== undefined) requireField(answer, 'memory', isProbe)
  return answer as unknown as Welcome
}

/** What the manager knows of a worker that it expects. */
export interface ExpectedWorker {
  readonly token: string
  /** Of the pod that was made for it, once it is known: pods of one name may follow each other. */
  readonly podUid?: string | undefined
}

/** Why a hello is refused; undefined when it is in order. `expected`: undefined when no worker of its name is. */
export function judgeHello(hello: Hello, expected: ExpectedWorker | undefined): Abort | undefined {
  // The token first: nobody unproven learns anything, not even the version.
  if (expected === undefined || !isSame(hello.token, expected.token)) {
    return {
      type: 'abort',
      code: 'AUTHENTICATION',
      message: 'the token is not the one that this worker was given',
    }
  }
  if (hello.protocol !== protocolVersion) {
    const message = `the manager speaks protocol ${protocolVersion}, the worker ${hello.protocol}`
    return { type: 'abort', code: 'VERSION_MISMATCH', message }
  }
  const { podUid } = expected
  if (podUid !== undefined && hello.pod !== undefined && hello.pod.uid !== podUid)
    return {
      type: 'abort',
      code: 'AUTHENTICATION',
      message: 'this is not the pod that was made for the worker',
    }
  return undefined
}

/** What shows that one knows the token without saying it. */
export function proofOf(token: string, nonce: string): string {
  return createHmac('sha256', token).update(nonce).digest('hex')
}

/** Compares secrets in a time that does not depend on where they differ. */
export function isSame(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHmac('sha256', 'compare').update(text).digest()
  return timingSafeEqual(digest(left), digest(right))
}

function abortError(abort: Readonly<Record<string, unknown>>): Error {
  const why = abort['message']
  const message = `The manager refused the connection: ${typeof why === 'string' ? why.slice(0, 500) : describe(why)}`
  if (abort['code'] === 'AUTHENTICATION') return new AuthenticationError(message)
  if (abort['code'] === 'VERSION_MISMATCH') return new VersionMismatchError(message)
  return new ProtocolError(message)
}

function unpackObject(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  if (bytes.byteLength > limits.maxHelloBytes)
    throw new ProtocolError(`Received a handshake of ${bytes.byteLength} bytes`)
  let value: unknown
  try {
    value = packr.unpack(bytes)
  } catch (cause) {
    throw new ProtocolError('Received bytes that are no handshake', { cause })
  }
  if (typeof value !== 'object' || value === null)
    throw new ProtocolError('Received a handshake that is no object')
  return value as Record<string, unknown>
}

function requireField(
  message: Readonly<Record<string, unknown>>,
  name: string,
  check: (value: unknown) => boolean,
): void {
  if (!check(message[name]))
    throw new ProtocolError(`Received a handshake with a wrong ${name}: ${describe(message[name])}`)
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 1024
}

function isPodFacts(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const field = (name: string): unknown => Reflect.get(value, name)
  return (
    isText(field('name')) &&
    isText(field('uid')) &&
    (field('node') === undefined || isText(field('node'))) &&
    ['cpuMillis', 'memoryBytes'].every((name) => field(name) === undefined || isCount(field(name)))
  )
}

function isProbe(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return (
    ['pid', 'fd'].every((name) => isCount(Reflect.get(value, name))) && isText(Reflect.get(value, 'mark'))
  )
}
