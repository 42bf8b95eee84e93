/**
 * Pure: the bytes of a journal's records.
 *
 *     file    "dialback journal 1\n" record*
 *     record  length u32 · CRC-32 of the payload u32 · payload
 *     payload 1 · JSON of the function's fingerprint, or
 *             2 · key 32 bytes · occurrence u32 · head length u32 · head · (buffer length u32 · buffer)*
 *
 * Numbers are little-endian. A head and its buffers are a value as it travels.
 */

import { crc32 } from 'node:zlib'
import { type EncodedBody, ProtocolError } from '@dialback/protocol'

export const magic: Buffer = Buffer.from('dialback journal 1\n')
/** What stands before a payload. */
export const frameBytes = 8
/** What stands in the payload of an item before its value. */
export const itemHeadBytes = 37
export const recordKinds = { fingerprint: 1, item: 2 } as const
const maxPayloadBytes = 2 ** 32 - 1

/** What an item is stored under. */
export interface ItemName {
  /** SHA-256, base64url. */
  readonly key: string
  /** Which of the equal items of the input it is, from 0. */
  readonly occurrence: number
}

/** The pieces of the record of the function. */
export function fingerprintRecord(json: string): Uint8Array[] {
  return framed([Uint8Array.of(recordKinds.fingerprint), Buffer.from(json)])
}

/** The pieces of the record of an item, in order; what is large is not copied. @throws {RangeError} beyond 4 GiB. */
export function itemRecord({ key, occurrence }: ItemName, { head, buffers }: EncodedBody): Uint8Array[] {
  const fixed = Buffer.alloc(itemHeadBytes + 4)
  fixed[0] = recordKinds.item
  Buffer.from(key, 'base64url').copy(fixed, 1)
  fixed.writeUInt32LE(occurrence, 33)
  fixed.writeUInt32LE(head.byteLength, itemHeadBytes)
  return framed([fixed, head, ...buffers.flatMap((buffer) => [lengthOf(buffer), buffer])])
}

/** Reads what `itemRecord` put first. */
export function parseItemName(payload: Buffer): ItemName {
  return { key: payload.toString('base64url', 1, 33), occurrence: payload.readUInt32LE(33) }
}

/** Reads the value in the payload of an item. @throws {ProtocolError} when its lengths are not its own. */
export function parseValue(payload: Buffer): EncodedBody {
  const [head, ...buffers] = partsOf(payload, itemHeadBytes)
  if (head === undefined) throw new ProtocolError('A record of a journal has no value')
  return { head, buffers }
}

function partsOf(payload: Buffer, from: number): Buffer[] {
  const parts: Buffer[] = []
  for (let at = from; at < payload.byteLength; ) {
    const end = at + 4 + (at + 4 <= payload.byteLength ? payload.readUInt32LE(at) : payload.byteLength)
    if (end > payload.byteLength) throw new ProtocolError('A record of a journal is longer than it says')
    parts.push(payload.subarray(at + 4, end))
    at = end
  }
  return parts
}

function framed(payload: readonly Uint8Array[]): Uint8Array[] {
  const frame = Buffer.alloc(frameBytes)
  let length = 0
  let checksum = 0
  for (const piece of payload) {
    length += piece.byteLength
    checksum = crc32(piece, checksum)
  }
  if (length > maxPayloadBytes) throw new RangeError(`it has ${length} bytes, and 4 GiB is the limit`)
  frame.writeUInt32LE(length, 0)
  frame.writeUInt32LE(checksum, 4)
  return [frame, ...payload]
}

function lengthOf({ byteLength }: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(byteLength)
  return length
}
