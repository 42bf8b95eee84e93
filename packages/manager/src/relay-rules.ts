/**
 * Pure: what a worker may send to another one by way of the manager. What is not refused here can do its receiver no harm: at
 * the worst the sender's own call fails there.
 */

import { type Header, inlineBody, ProtocolError, rangeOf } from '@dialback/protocol'

export interface RelayedFrame {
  readonly header: Header
  readonly bytes: Uint8Array | null
  /** What its sender numbers its ids from. */
  readonly range: number
  /** It is for the very worker whose thread sends it. */
  readonly isOwn: boolean
}

/** @throws {ProtocolError} when no worker may send this to another one. */
export function checkRelayed(frame: RelayedFrame): void {
  const { header, bytes, range } = frame
  if (header.stream !== undefined && rangeOf(header.stream) !== range)
    throw new ProtocolError(`Received ${header.type} with a stream of another process: ${header.stream}`)
  if (header.parts !== undefined && header.stream === undefined) inlineBody(header, bytes)
  if (header.handles !== undefined && header.stream === undefined && bytes === null)
    throw new ProtocolError(`Received ${header.type} with handles but no body`)
  checkNumbers(frame)
  checkFlat(header)
}

/** Numbers that are somebody else's would be taken for his. */
function checkNumbers({ header, range, isOwn }: RelayedFrame): void {
  const { type } = header
  if (isQuestion(header) && rangeOf(header.id) !== range)
    throw new ProtocolError(`Received ${type} with an id of another process: ${header.id}`)
  if (type === 'open' && rangeOf(header.ref) !== range)
    throw new ProtocolError(`Received open with a ref of another process: ${header.ref}`)
  if (type === 'put' && (header.isCall === true || header.isOwn === true) && !isOwn)
    throw new ProtocolError('Received put as if from a thread of the process that it is for')
  if (type === 'call') checkCall(header, range)
}

function checkCall(header: Header & { readonly type: 'call' }, range: number): void {
  if (header.keep !== undefined && rangeOf(header.keep) !== range)
    throw new ProtocolError(`Received call to keep under a ref of another process: ${header.keep}`)
  // The table has the generations that the manager gave.
  if (header.claim !== undefined) throw new ProtocolError('Received call with a claim for another worker')
}

type Question = Header & { readonly id: number; readonly to: number }

/** Answers have the number of what they answer. */
function isQuestion(header: Header): header is Question {
  return 'id' in header && 'to' in header
}

/**
 * Fields of later versions are passed on as they are, so they must be such that they can be written again, no longer than
 * before, and read by a thread with a small stack.
 *
 * @throws {ProtocolError} that names the field when there is a list of lists, a map or bytes.
 */
export function checkFlat(header: Header): void {
  for (const [name, value] of Object.entries(header)) {
    if (!isObject(value) || isKnownList(name) || (Array.isArray(value) && !value.some(isObject))) continue
    if (name === 'slot' && !Object.values(value).some(isObject)) continue
    throw new ProtocolError(`Received ${header.type} with a field that is not flat: ${name.slice(0, 200)}`)
  }
}

/** Their elements were looked at when the header was. */
function isKnownList(name: string): boolean {
  return name === 'parts' || name === 'handles' || name === 'modules'
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
