/**
 * The memory of large packets, used again or given back as soon as nobody reads it. Left to the garbage collector, which
 * counts little but the small objects in front of it, tens of MiB would lie about while a large body passes.
 */

import { limits } from './limits.ts'

/** Fits a chunk with its header. */
const pooledBytes = limits.chunkBytes + 4_096
/** As many as the chunks in the window of a stream. */
const maxFree = Math.ceil(limits.streamWindowBytes / limits.chunkBytes)

const free: Uint8Array[] = []
/** Given away by `packetBuffer`. */
const lent = new WeakSet<ArrayBufferLike>()
/** With nothing in it but one chunk. */
const chunks = new WeakSet<ArrayBufferLike>()

/** Gives memory of at least so many bytes to write a packet into, until `reusePacket`. */
export function packetBuffer(bytes: number): Uint8Array {
  const pooled = bytes <= pooledBytes ? free.pop() : undefined
  const buffer = pooled ?? Buffer.allocUnsafeSlow(Math.max(bytes, pooledBytes))
  lent.add(buffer.buffer)
  return buffer
}

/** Nobody reads this packet any more. One whose memory is not from `packetBuffer` is left alone. */
export function reusePacket({ buffer }: Uint8Array): void {
  if (!lent.delete(buffer)) return
  if (buffer.byteLength === pooledBytes && free.length < maxFree) free.push(new Uint8Array(buffer))
  else giveBack(buffer)
}

/** Notes that `bytes`, a chunk or the packet around it, are of no use to anybody once the chunk is copied. */
export function holdsOneChunk({ buffer, byteLength }: Uint8Array): void {
  // In memory that is larger, the rest may be somebody else's.
  if (byteLength === buffer.byteLength) chunks.add(buffer)
}

/** A chunk has been copied. If nothing else is in its memory, that is given back, and the bytes are gone. */
export function discardChunk({ buffer }: Uint8Array): void {
  if (chunks.delete(buffer)) giveBack(buffer)
}

function giveBack(buffer: ArrayBufferLike): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}
