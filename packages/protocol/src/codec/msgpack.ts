/**
 * Wire items to msgpack bytes and back, through msgpackr.
 *
 * msgpackr has one write buffer and one set of extensions for the whole process, shared with whoever else uses it. So results
 * are copied out at once, a large buffer is given up again, and nothing is handed over that an extension could claim.
 */

import type { EncodedBody } from '../body.ts'
import { ProtocolError } from '../errors.ts'
import { Packr, RESET_BUFFER_MODE, REUSE_BUFFER_MODE } from '../packr.ts'
import type { Blobs } from './blob-writer.ts'
import { malformed } from './malformed.ts'
import { compoundHead, type WireItem } from './wire-format.ts'

// `structuredClone: false` has msgpackr refuse its own reference extension, with which few bytes can claim a huge tree.
const packr = new Packr({ useRecords: false, structuredClone: false })

const initialBytes = 8 * 1024
const keptBytes = 256 * 1024
const loopBytes = 48

/** In front of the items of a compound head: its first byte, and the length of the items. */
const prefixBytes = 5
/** Or each of thousands of calls of one turn would have a buffer made. */
let isShrinkQueued = false
const noBytes = new Uint8Array(0)
const noBuffers: readonly Uint8Array[] = []

/** msgpackr's write buffer after a pack in reuse mode. */
type WriteBuffer = Buffer & { readonly start: number; readonly end: number }

/** Gives the body of a value. A scalar alone, which is most of what calls answer, is not even a list. */
export function packBody(items: readonly WireItem[], blobs: Blobs | undefined): EncodedBody {
  if (blobs === undefined) return { head: pack(items.length === 1 ? items[0] : items), buffers: noBuffers }
  const { table, inline, inlineBytes, buffers } = blobs
  const head = pack([table, items], prefixBytes, inlineBytes)
  let offset = head.byteLength - inlineBytes
  head[0] = compoundHead
  head.writeUInt32BE(offset - prefixBytes, 1)
  for (const bytes of inline) {
    head.set(bytes, offset)
    offset += bytes.byteLength
  }
  return { head, buffers }
}

/** The parts of a head. Only `items` is checked: to be a list. */
export interface UnpackedHead {
  readonly items: readonly unknown[]
  /** Undefined when there is none. */
  readonly table: unknown
  readonly inline: Uint8Array
}

/** @throws {ProtocolError} when the head does not have the form that `packBody` gives it. */
export function unpackHead(head: Uint8Array): UnpackedHead {
  if (head[0] !== compoundHead) {
    const items = unpack(head)
    return { items: Array.isArray(items) ? items : [items], table: undefined, inline: noBytes }
  }
  if (head.byteLength < prefixBytes) throw malformed('head')
  const end = prefixBytes + new DataView(head.buffer, head.byteOffset).getUint32(1)
  if (end > head.byteLength) throw malformed('head')
  const parts = unpack(head.subarray(prefixBytes, end))
  if (!Array.isArray(parts) || parts.length !== 2) throw malformed('head')
  const [table, items] = parts as readonly unknown[]
  if (!Array.isArray(items)) throw malformed('head')
  return { items, table, inline: head.subarray(end) }
}

/** The msgpack bytes of `value`, with room for `before` bytes in front and `after` bytes behind. */
function pack(value: unknown, before: number = 0, after: number = 0): Buffer {
  // In reuse mode msgpackr returns its whole buffer, with the place of the result as properties that its types do not know.
  const packed = packr.pack(value, REUSE_BUFFER_MODE | RESET_BUFFER_MODE) as WriteBuffer
  const { start, end } = packed
  const length = end - start
  const bytes = Buffer.allocUnsafe(before + length + after)
  if (length < loopBytes) for (let i = 0; i < length; i++) bytes[before + i] = packed[start + i] ?? 0
  else packed.copy(bytes, before, start, end)
  if (packed.length > keptBytes && !isShrinkQueued) {
    isShrinkQueued = true
    queueMicrotask(shrinkWriteBuffer)
  }
  return bytes
}

/** Not done at once: whoever called may be an extension of msgpackr's that is being asked while its buffer is in use. */
function shrinkWriteBuffer(): void {
  isShrinkQueued = false
  packr.useBuffer(Buffer.allocUnsafeSlow(initialBytes))
}

function unpack(bytes: Uint8Array): unknown {
  try {
    return packr.unpack(bytes)
  } catch (error) {
    throw new ProtocolError('Cannot decode a body: not msgpack', { cause: error })
  }
}
