/** Collects the bytes of a body that msgpack does not hold: small ones go behind the head's nodes, large ones beside it. */

import { limits } from '../limits.ts'
import { viewLength } from './view-kinds.ts'
import { maxResizableBytes, outOfBandBytes, tag, type WireItem } from './wire-format.ts'

/** The collected bytes: how to find them again, those behind the head's items, and those beside the head. */
export interface Blobs {
  /** One entry per blob: its length behind the items, or -1: the next buffer; with its limit when it is resizable. */
  readonly table: readonly BlobEntry[]
  readonly inline: readonly Uint8Array[]
  readonly inlineBytes: number
  readonly buffers: readonly Uint8Array[]
}

type BlobEntry = number | readonly [number, number]

/** How one ArrayBuffer is used in the value: the places of its mentions among the items. */
interface BufferUse {
  isWhole: boolean
  readonly places: number[]
  readonly views: ArrayBufferView[]
}

/** What a buffer has to have for leaving out a part of it to be worth more than that views keep their offset. */
const windowedBytes = 4_096

/** How long Node's slabs are: from version 26 on some bytes more than `Buffer.poolSize`. */
const slabBytes = Buffer.allocUnsafe(1).buffer.byteLength

/** The head is a part, too. */
const maxBuffers = limits.maxBodyParts - 1

export class BlobWriter {
  readonly #out: WireItem[]
  readonly #table: BlobEntry[] = []
  readonly #inline: Uint8Array[] = []
  #inlineBytes = 0
  readonly #buffers: Uint8Array[] = []
  readonly #uses = new Map<ArrayBuffer, BufferUse>()

  constructor(out: WireItem[]) {
    this.#out = out
  }

  /** Adds bytes that are mentioned only once, and gives their place in the table. */
  add(bytes: Uint8Array): number {
    if (bytes.byteLength >= outOfBandBytes && this.#buffers.length < maxBuffers) {
      this.#buffers.push(bytes)
      return this.#table.push(-1) - 1
    }
    this.#inline.push(bytes)
    this.#inlineBytes += bytes.byteLength
    return this.#table.push(bytes.byteLength) - 1
  }

  /** Writes an ArrayBuffer; `finish` fills in its place in the table. */
  writeBuffer(buffer: ArrayBuffer): void {
    const use = this.#useOf(buffer)
    use.isWhole = true
    use.places.push(this.#out.push(null, tag.arrayBuffer, 0) - 1)
  }

  /** Writes a view of class `kind`; `finish` fills in the place of its buffer and, where it changes, its offset. */
  writeView(view: ArrayBufferView<ArrayBuffer>, kind: string): void {
    const end = this.#out.push(null, tag.view, kind, 0, view.byteOffset, viewLength(view))
    if (isPooled(view)) return this.#addWindow(view, end - 3)
    const use = this.#useOf(view.buffer)
    use.places.push(end - 3)
    use.views.push(view)
  }

  finish(): Blobs {
    for (const [buffer, use] of this.#uses) this.#addBuffer(buffer, use)
    return {
      table: this.#table,
      inline: this.#inline,
      inlineBytes: this.#inlineBytes,
      buffers: this.#buffers,
    }
  }

  #useOf(buffer: ArrayBuffer): BufferUse {
    let use = this.#uses.get(buffer)
    if (use === undefined) this.#uses.set(buffer, (use = { isWhole: false, places: [], views: [] }))
    return use
  }

  /** A single view of at most half of a large buffer takes only its part along; in any other case the buffer goes whole. */
  #addBuffer(buffer: ArrayBuffer, { isWhole, places, views }: BufferUse): void {
    const [view] = views
    const [place] = places
    const isSingle = !isWhole && places.length === 1 && !buffer.resizable
    const isSpacious = (part: ArrayBufferView): boolean =>
      buffer.byteLength >= windowedBytes && buffer.byteLength >= 2 * part.byteLength
    if (isSingle && view !== undefined && place !== undefined && isSpacious(view)) {
      return this.#addWindow(view, place)
    }
    const blob = this.add(new Uint8Array(buffer))
    if (buffer.resizable) this.#table[blob] = [Number(this.#table[blob]), buffer.maxByteLength]
    for (const each of places) this.#out[each] = blob
  }

  #addWindow(view: ArrayBufferView, place: number): void {
    this.#out[place] = this.add(new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
    this.#out[place + 1] = 0
  }
}

/** Whether the view is of one of Node's shared slabs, where other Buffers' bytes are, which are nobody's business. */
function isPooled(view: ArrayBufferView): boolean {
  return Buffer.isBuffer(view) && view.buffer.byteLength === slabBytes
}

/** Whether `buffer` may grow further than a receiver allows. */
export function growsTooFar(buffer: ArrayBuffer): boolean {
  return buffer.resizable && buffer.maxByteLength > maxResizableBytes
}
