/** Finds the byte blobs of a body: behind the items of its head, or beside it. */

import { malformed } from './malformed.ts'
import { maxResizableBytes } from './wire-format.ts'

/** A blob as it came: its bytes, and how it becomes an ArrayBuffer. */
interface Blob {
  readonly bytes: Uint8Array
  readonly isBeside: boolean
  readonly limit: unknown
  buffer: ArrayBuffer | undefined
  isTaken: boolean
}

export class BlobReader {
  readonly #blobs: Blob[] = []
  #resizableBytes = 0

  /** @param table from the head, unchecked. @param inline the bytes behind the head's items. */
  constructor(table: unknown, inline: Uint8Array, buffers: readonly Uint8Array[]) {
    if (!Array.isArray(table)) throw malformed('table of blobs')
    let offset = 0
    let next = 0
    for (const entry of table as readonly unknown[]) {
      const [length, limit] = Array.isArray(entry) ? (entry as readonly unknown[]) : [entry, undefined]
      const isBeside = length === -1
      const bytes = isBeside ? buffers[next++] : inlineBytes(inline, offset, length)
      if (bytes === undefined) throw malformed('table of blobs')
      if (!isBeside) offset += bytes.byteLength
      this.#blobs.push({ bytes, isBeside, limit, buffer: undefined, isTaken: false })
    }
    if (offset !== inline.byteLength || next !== buffers.length) throw malformed('table of blobs')
  }

  /** Gives a blob as the ArrayBuffer that all its mentions share. */
  shared(place: unknown): ArrayBuffer {
    const blob = this.#blob(place)
    return (blob.buffer ??= blob.limit === undefined ? ownBuffer(blob) : this.#resizable(blob))
  }

  /**
   * Gives the bytes of a blob that is mentioned only once, to be read and not kept: what is made of them is as large, and must
   * not be had many times for one sending.
   */
  once(place: unknown): Uint8Array {
    const blob = this.#blob(place)
    if (blob.isTaken) throw malformed('place of a blob')
    blob.isTaken = true
    return blob.bytes
  }

  #blob(place: unknown): Blob {
    const blob = typeof place === 'number' ? this.#blobs[place] : undefined
    if (blob === undefined) throw malformed('place of a blob')
    return blob
  }

  #resizable({ bytes, limit }: Blob): ArrayBuffer {
    if (typeof limit !== 'number' || !(limit >= bytes.byteLength))
      throw malformed('limit of a resizable buffer')
    this.#resizableBytes += limit
    if (this.#resizableBytes > maxResizableBytes) throw malformed('limit of a resizable buffer')
    const buffer = new ArrayBuffer(bytes.byteLength, { maxByteLength: limit })
    new Uint8Array(buffer).set(bytes)
    return buffer
  }
}

/** For bodies without blobs. */
export const noBlobs: BlobReader = new BlobReader([], new Uint8Array(0), [])

function inlineBytes(inline: Uint8Array, offset: number, length: unknown): Uint8Array {
  if (typeof length !== 'number' || !(length >= 0 && length <= inline.byteLength - offset)) {
    throw malformed('table of blobs')
  }
  return inline.subarray(offset, offset + length)
}

/** An ArrayBuffer of exactly these bytes: the one that came with the body when it is that, else a copy. */
function ownBuffer({ bytes, isBeside }: Blob): ArrayBuffer {
  const { buffer, byteLength } = bytes
  if (isBeside && buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) return buffer
  return copyOf(bytes)
}

/** A copy in an ArrayBuffer of its own, where any typed array is aligned. */
export function copyOf(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.byteLength)
  new Uint8Array(copy).set(bytes)
  return copy
}
