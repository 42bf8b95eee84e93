/** From what was on the wire to a `Header`, or a `ProtocolError` that names the field. */

import { describe } from './duration.ts'
import { ProtocolError } from './errors.ts'
import { limits } from './limits.ts'
import type { Header } from './message.ts'

type Check = (value: unknown) => boolean
type Shape = Readonly<Record<string, Check>>

const count: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0
const text: Check = (value) => typeof value === 'string' && value.length <= 4096
const flag: Check = (value) => typeof value === 'boolean'
const counts =
  (most: number): Check =>
  (value) =>
    Array.isArray(value) && value.length <= most && value.every(count)
const texts: Check = (value) =>
  Array.isArray(value) && value.length <= limits.maxBodyParts && value.every(text)
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)
const record =
  (shape: Shape): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(shape).every(([key, check]) => check(Reflect.get(value, key)))

const refs = counts(2 * limits.maxBodyHandles)
const kind: Check = (value) => value === 'thrown' || value === 'failed'
const slotLength: Check = (value) => count(value) && Number(value) <= limits.sharedSlotBytes
const claim = record({ slot: count, generation: count })

const shapes: Readonly<Record<Header['type'], Shape>> = {
  call: {
    id: count,
    to: count,
    from: optional(count),
    fn: text,
    isBatch: optional(flag),
    lane: optional(text),
    claim: optional(claim),
    keep: optional(count),
    isSilent: optional(flag),
    isBarrier: optional(flag),
    copy: optional(count),
    modules: optional(texts),
    imports: optional(texts),
  },
  result: { id: count, own: optional(count), modules: optional(texts) },
  error: { id: count, modules: optional(texts), kind },
  cancel: { id: count, to: count },
  define: { id: count, to: count, hash: text, modules: optional(texts), imports: optional(texts) },
  module: { id: count, to: count, hash: text },
  unknown: { id: count },
  fetch: { id: count, to: count, ref: count, isWaitOnly: optional(flag) },
  open: { to: count, ref: count, capacity: optional(count) },
  put: {
    id: count,
    to: count,
    ref: count,
    kind: optional(kind),
    isCall: optional(flag),
    isOwn: optional(flag),
  },
  take: { id: count, to: count, ref: count },
  received: { id: count, to: count },
  inspect: { id: count, to: count, ref: count },
  state: { id: count, isReady: flag, isOpen: flag },
  close: { id: count, to: count, ref: count },
  release: { refs },
  free: { refs },
  chunk: {
    stream: count,
    slot: optional(
      record({ pid: count, fd: count, mark: optional(text), offset: count, length: slotLength }),
    ),
  },
  credit: { stream: count, chunks: count },
  stop: { stream: count },
  ping: { n: count },
  pong: { n: count },
  members: { workers: counts(limits.maxMembers) },
  recall: { id: count, thread: count, claim },
  recalled: { id: count, isTaken: flag },
  interrupt: { id: count, thread: count, call: optional(count), graceMs: count },
  interrupted: { id: count, isReplaced: flag, begun: optional(counts(64)), highest: optional(counts(64)) },
  drain: {},
  goodbye: { reason: text },
}
const checks = new Map(Object.entries(shapes).map(([type, shape]) => [type, Object.entries(shape)]))
const isPartsList = counts(limits.maxBodyParts)

/** The fields that any message may have. */
function checkBody(type: string, header: Readonly<Record<string, unknown>>): void {
  const { stream, parts, handles, isPacked } = header
  if (stream !== undefined && !count(stream))
    throw new ProtocolError(`Received ${type} with a wrong stream: ${describe(stream)}`)
  if (parts !== undefined && !isPartsList(parts)) throw new ProtocolError(`Received ${type} with wrong parts`)
  if (isPacked !== undefined && !flag(isPacked))
    throw new ProtocolError(`Received ${type} with a wrong isPacked: ${describe(isPacked)}`)
  if (handles === undefined) return
  if (!refs(handles) || (handles as unknown[]).length % 2 !== 0)
    throw new ProtocolError(`Received ${type} with wrong handles`)
}

/** @throws {ProtocolError} that names the message and the field when `value` is no header. */
export function parseHeader(value: unknown): Header {
  if (typeof value !== 'object' || value === null)
    throw new ProtocolError(`Received a message that is no object: ${describe(value)}`)
  const header = value as Readonly<Record<string, unknown>>
  const { type } = header
  const fields = typeof type === 'string' ? checks.get(type) : undefined
  if (typeof type !== 'string' || fields === undefined) {
    throw new ProtocolError(`Received a message of unknown type: ${describe(type)}`)
  }
  for (const [name, check] of fields) {
    if (!check(header[name]))
      throw new ProtocolError(`Received ${type} with a wrong ${name}: ${describe(header[name])}`)
  }
  checkBody(type, header)
  // Every field was checked against the table above, which the type of `shapes` keeps complete.
  return value as Header
}
