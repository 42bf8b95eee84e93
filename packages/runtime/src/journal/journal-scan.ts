/** Reads a journal from its beginning: what its records are, and from where on it is of no use. */

import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import {
  frameBytes,
  type ItemName,
  itemHeadBytes,
  magic,
  parseItemName,
  recordKinds,
} from './journal-record.ts'

/** Where a payload is in its file. */
export interface Place {
  readonly offset: number
  readonly length: number
}

export interface ScanListener {
  onFingerprint(json: string): void
  onItem(name: ItemName, place: Place): void
}

export type ScanEnd =
  /** `bytes`: how much of the file is whole; `damaged`: records within that which are not what was written. */
  | { readonly kind: 'journal'; readonly bytes: number; readonly damaged: number }
  | { readonly kind: 'foreign' }

/** What is read at once; a value that is longer is read in as many pieces. No fingerprint is. */
export const pieceBytes: number = 1 << 20

/** Values are read for their checksum, a piece at a time, and not kept. */
export async function scanJournal(handle: FileHandle, listener: ScanListener): Promise<ScanEnd> {
  const { size } = await handle.stat()
  const reader = new PieceReader(handle)
  const start = await reader.read(0, Math.min(size, magic.byteLength))
  if (!start.equals(magic.subarray(0, start.byteLength))) return { kind: 'foreign' }
  if (size < magic.byteLength) return { kind: 'journal', bytes: 0, damaged: 0 }
  let damaged = 0
  let at = magic.byteLength
  while (at + frameBytes <= size) {
    const frame = await reader.read(at, frameBytes)
    const place = { offset: at + frameBytes, length: frame.readUInt32LE(0) }
    const end = place.offset + place.length
    if (place.length === 0 || end > size) break
    const checksum = frame.readUInt32LE(4)
    const first = await readChecked(reader, place, checksum)
    // At the end it was being written when its process, or the machine, ended.
    if (first === undefined && end === size) break
    if (first === undefined || !tell(first, place, listener)) damaged++
    at = end
  }
  return { kind: 'journal', bytes: at, damaged }
}

/** The beginning of a payload; undefined when it is not what was written. */
async function readChecked(
  reader: PieceReader,
  { offset, length }: Place,
  checksum: number,
): Promise<Buffer | undefined> {
  let first: Buffer | undefined
  let sum = 0
  for (let done = 0; done < length; ) {
    const piece = await reader.read(offset + done, Math.min(pieceBytes, length - done))
    if (piece.byteLength === 0) return undefined
    first ??= Buffer.from(piece.subarray(0, piece[0] === recordKinds.item ? itemHeadBytes : piece.byteLength))
    sum = crc32(piece, sum)
    done += piece.byteLength
  }
  return sum === checksum ? first : undefined
}

/** False when the record is none that is known. */
function tell(first: Buffer, place: Place, listener: ScanListener): boolean {
  if (first[0] === recordKinds.fingerprint) {
    listener.onFingerprint(first.toString('utf8', 1))
    return true
  }
  if (first[0] !== recordKinds.item || first.byteLength < itemHeadBytes) return false
  listener.onItem(parseItemName(first), place)
  return true
}

/** Small reads at ascending places, of one large one. */
class PieceReader {
  readonly #handle: FileHandle
  readonly #buffer = Buffer.allocUnsafe(pieceBytes)
  #start = 0
  #length = 0

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  /** Up to `length` bytes, valid until the next call: fewer at the end of the file only. */
  async read(at: number, length: number): Promise<Buffer> {
    if (at < this.#start || at + length > this.#start + this.#length) {
      this.#start = at
      this.#length = 0
      while (this.#length < length) {
        const { bytesRead } = await this.#handle.read(
          this.#buffer,
          this.#length,
          pieceBytes - this.#length,
          at + this.#length,
        )
        if (bytesRead === 0) break
        this.#length += bytesRead
      }
    }
    const from = at - this.#start
    return this.#buffer.subarray(from, Math.min(from + length, this.#length))
  }
}
