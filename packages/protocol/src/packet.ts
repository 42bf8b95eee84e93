/** Frames joined into packets: `[sequence, acknowledged, header, bytes, header, bytes, …]` in msgpack. */

import { ProtocolError } from './errors.ts'
import type { Header } from './message.ts'
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

export function encodePacket(sequence: number, acknowledged: number, frames: readonly Frame[]): Uint8Array {
  const flat: unknown[] = [sequence, acknowledged]
  for (const frame of frames) flat.push(frame.header, frame.bytes)
  return packr.pack(flat)
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
  for (let at = 2; at < flat.length; at += 2) {
    const frameBytes = flat[at + 1]
    if (frameBytes !== null && !(frameBytes instanceof Uint8Array))
      throw new ProtocolError('Received a frame whose body is not bytes')
    frames.push({ header: parseHeader(flat[at]), bytes: frameBytes })
  }
  return { sequence, acknowledged, frames }
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
