import { expect, test } from 'vitest'
import { limits } from '../src/limits.ts'
import { discardChunk, holdsOneChunk, packetBuffer, reusePacket } from '../src/packet-memory.ts'

test('packetBuffer() gives memory again that reusePacket() took back, once', () => {
  const first = packetBuffer(limits.chunkBytes)
  reusePacket(first.subarray(0, 5))
  reusePacket(first)
  const second = packetBuffer(limits.chunkBytes)
  const third = packetBuffer(limits.chunkBytes)
  expect(second.buffer).toBe(first.buffer)
  expect(third.buffer).not.toBe(first.buffer)
})

test('reusePacket() gives back what is larger than others need, and leaves memory alone that is not its own', () => {
  const large = packetBuffer(8 * limits.chunkBytes)
  const foreign = new Uint8Array(limits.chunkBytes)
  reusePacket(large)
  reusePacket(foreign)
  expect([large.byteLength, foreign.byteLength]).toEqual([0, limits.chunkBytes])
})

test('discardChunk() gives memory back only if all of it is one chunk', () => {
  const alone = new Uint8Array(100_000)
  const shared = new Uint8Array(100_000)
  holdsOneChunk(alone)
  holdsOneChunk(shared.subarray(10))
  discardChunk(alone.subarray(10, 20))
  discardChunk(shared.subarray(10, 20))
  expect([alone.byteLength, shared.byteLength]).toEqual([0, 100_000])
})
