/** Scalars that msgpack, or msgpackr, would not give back as they were. */

import type { BlobWriter } from './blob-writer.ts'
import { outOfBandBytes, tag, type WireItem } from './wire-format.ts'

const byteOrderMark = 0xfeff

/** Whether msgpackr carries `text` unchanged: lone surrogates have no UTF-8, and a leading U+FEFF is lost in decoding. */
export function isPlainText(text: string): boolean {
  return text.length < outOfBandBytes && text.isWellFormed() && text.charCodeAt(0) !== byteOrderMark
}

/** Writes a string that is not plain, or long enough to be better off as bytes. */
export function writeBytesText(out: WireItem[], text: string, blobs: BlobWriter): void {
  if (text.isWellFormed()) out.push(null, tag.longText, blobs.add(Buffer.from(text, 'utf8')))
  else out.push(null, tag.text, blobs.add(Buffer.from(text, 'utf16le')))
}

/** Writes a bigint; msgpack itself has 64 bits. */
export function writeBigint(out: WireItem[], value: bigint): void {
  if (BigInt.asIntN(64, value) === value) out.push(value)
  else out.push(null, tag.bigint, value.toString(16))
}
