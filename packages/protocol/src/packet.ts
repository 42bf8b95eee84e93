/** Frames joined into packets: `[sequence, acknowledged, header, bytes, header, bytes, …]` in msgpack. */

import { ProtocolError } from './errors.ts'
import { limits } from './limits.ts'
import type { Header } from './message.ts'
import { packetBuffer } from './packet-memory.ts'
import { Packr } from './packr.ts'
import { parseHeader } from './parse-message.ts'

export interface Frame {
  readonly header: Header
  readonly bytes: Uint8Array | null
}

export interface Packet {
  /** Counts the packets with frames from 1; 0 for one that only acknowledges. */
  readonly sequence: number
  /** The highest sequence that the sender has received. */
  readonly acknowledged: number
  readonly frames: readonly Frame[]
}

// Own instance without records: each packet can be read alone, whatever was lost before it. Ids are above 32 bits:
// this end writes them as float64, others may as well write 64-bit integers.
const packr = new Packr({ useRecords: false, moreTypes: false, int64AsType: 'number' })

/** A packet with a chunk in it is in memory that `reusePacket` takes back. */
export function encodePacket(sequence: number, acknowledged: number, frames: readonly Frame[]): Uint8Array {
  if (frames.some(({ bytes }) => bytes !== null && bytes.byteLength > limits.inlineBodyBytes))
    return encodeLarge([sequence, acknowledged], frames)
  const flat: unknown[] = [sequence, acknowledged]
  for (const frame of frames) flat.push(frame.header, frame.bytes)
  return packr.pack(flat)
}

/** Gives what `packr` would make of it, which has a way of its own with large buffers: it takes four times as much. */
function encodeLarge(numbers: readonly [number, number], frames: readonly Frame[]): Uint8Array {
  const parts: Uint8Array[] = [listStart(numbers.length + 2 * frames.length)]
  for (const number of numbers) parts.push(packr.pack(number))
  for (const { header, bytes } of frames) {
    parts.push(packr.pack(header))
    if (bytes === null) parts.push(nil)
    else parts.push(binaryStart(bytes.byteLength), bytes)
  }
  const length = parts.reduce((sum, part) => sum + part.byteLength, 0)
  const packet = packetBuffer(length).subarray(0, length)
  let at = 0
  for (const part of parts) {
    packet.set(part, at)
    at += part.byteLength
  }
  return packet
}

const nil = Uint8Array.of(0xc0)

function listStart(length: number): Uint8Array {
  if (length < 16) return Uint8Array.of(0x90 + length)
  if (length < 2 ** 16) return Uint8Array.of(0xdc, length >> 8, length & 0xff)
  return Uint8Array.of(0xdd, ...bigEndian(length))
}

function binaryStart(length: number): Uint8Array {
  if (length < 2 ** 8) return Uint8Array.of(0xc4, length)
  if (length < 2 ** 16) return Uint8Array.of(0xc5, length >> 8, length & 0xff)
  return Uint8Array.of(0xc6, ...bigEndian(length))
}

function bigEndian(length: number): number[] {
  return [length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff]
}

/** @throws {ProtocolError} when the bytes are no packet or a header is not as it must be. */
export function decodePacket(bytes: Uint8Array): Packet {
  const flat = unpack(bytes)
  if (!isList(flat) || flat.length < 2 || flat.length % 2 !== 0)
    throw new ProtocolError('Received a packet that is not a list of frames')
  const [sequence, acknowledged] = flat
  if (!isCount(sequence) || !isCount(acknowledged))
    throw new ProtocolError('Received a packet without a sequence')
  const frames: Frame[] = []
  let headerBytes = bytes.byteLength
  for (let at = 2; at < flat.length; at += 2) {
    const frame = parseFrame(flat[at], flat[at + 1])
    headerBytes -= frame.bytes?.byteLength ?? 0
    frames.push(frame)
  }
  if (headerBytes > limits.maxHeaderBytes)
    throw new ProtocolError(`Received headers of ${headerBytes} bytes in one packet`)
  return { sequence, acknowledged, frames }
}

function parseFrame(value: unknown, bytes: unknown): Frame {
  if (bytes !== null && !(bytes instanceof Uint8Array))
    throw new ProtocolError('Received a frame whose body is not bytes')
  const header = parseHeader(value)
  // A chunk may have come out of shared memory on its way.
  const most = header.type === 'chunk' ? limits.sharedSlotBytes : limits.inlineBodyBytes
  if (bytes !== null && bytes.byteLength > most)
    throw new ProtocolError(`Received ${header.type} with ${bytes.byteLength} bytes in its frame`)
  return { header, bytes }
}

function unpack(bytes: Uint8Array): unknown {
  try {
    return packr.unpack(bytes)
  } catch (cause) {
    throw new ProtocolError('Received bytes that are no packet', { cause })
  }
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
