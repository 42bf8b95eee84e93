import { deepStrictEqual as assertCloned } from 'node:assert/strict'
import { expect, test } from 'vitest'
import { BlobWriter } from '../src/codec/blob-writer.ts'
import { Codec } from '../src/codec/codec.ts'
import { noHooks } from '../src/codec/hooks.ts'
import { outOfBandBytes } from '../src/codec/wire-format.ts'
import { limits } from '../src/limits.ts'
import { thrownBy, travel } from './codec-travel.ts'

const codec = new Codec(noHooks)

test('no more buffers stand beside the head than a message can have parts, the head included', () => {
  const writer = new BlobWriter([])
  const bytes = new Uint8Array(outOfBandBytes)

  for (let n = 0; n < limits.maxBodyParts; n++) writer.add(bytes)
  const { buffers, inlineBytes } = writer.finish()

  expect([buffers.length, inlineBytes]).toEqual([limits.maxBodyParts - 1, bytes.byteLength])
})

test('a Buffer arrives as a Buffer', () => {
  const value = [Buffer.from('pooled'), Buffer.alloc(4, 1), Buffer.alloc(20_000, 2)]

  const arrived = travel(value) as Buffer[]

  assertCloned(arrived, value)
  expect(arrived.every((buffer) => Buffer.isBuffer(buffer))).toBe(true)
})

test('views of one buffer arrive as views of one buffer, with their offsets and lengths', () => {
  const buffer = new ArrayBuffer(1000)
  const value = { bytes: new Uint8Array(buffer, 8, 4), floats: new Float64Array(buffer, 8, 2), buffer }

  const { bytes, floats, buffer: arrived } = travel(value) as typeof value
  floats[0] = 1

  expect([bytes.buffer === arrived, floats.buffer === arrived]).toEqual([true, true])
  expect([bytes.byteOffset, bytes.length, floats.byteOffset, floats.length]).toEqual([8, 4, 8, 2])
  expect([...bytes]).toEqual([...new Uint8Array(Float64Array.of(1).buffer, 0, 4)])
})

test('two windows of one buffer share it on arrival', () => {
  const buffer = new ArrayBuffer(100_000)

  const [one, other] = travel([new Uint8Array(buffer, 0, 10), new Uint8Array(buffer, 5, 10)]) as Uint8Array[]

  expect(one?.buffer).toBe(other?.buffer)
  expect(one?.buffer.byteLength).toBe(100_000)
})

test('a small window of a large buffer travels without the rest', () => {
  const { head, buffers } = codec.encode(new Uint16Array(new ArrayBuffer(1_000_000), 500, 10), 'value')

  const arrived = codec.decode({ head, buffers }) as Uint16Array

  expect(buffers).toEqual([])
  expect(head.byteLength).toBeLessThan(100)
  expect([arrived.length, arrived.byteOffset, arrived.buffer.byteLength]).toEqual([10, 0, 20])
})

test('a window of more than half of its buffer travels with the rest', () => {
  const arrived = travel(new Uint8Array(new ArrayBuffer(100), 40, 51)) as Uint8Array

  expect([arrived.byteOffset, arrived.length, arrived.buffer.byteLength]).toEqual([40, 51, 100])
})

test("Buffers of Node's pool never take the pool along", () => {
  const value = [Buffer.from('one'), Buffer.from('two')]
  expect(value[0]?.buffer).toBe(value[1]?.buffer)

  const { head, buffers } = codec.encode(value, 'value')

  expect(buffers).toEqual([])
  expect(head.byteLength).toBeLessThan(100)
})

test('large buffers travel beside the head as views of the value itself', () => {
  const value = new Float64Array(10_000)

  const { head, buffers } = codec.encode({ value }, 'value')

  expect(head.byteLength).toBeLessThan(100)
  expect(buffers.map(({ buffer, byteLength }) => [buffer === value.buffer, byteLength])).toEqual([
    [true, 80_000],
  ])
})

test('a buffer beside the head is taken over when it is exactly that, else copied', () => {
  const { head } = codec.encode(new Uint8Array(20_000), 'value')
  const exact = new Uint8Array(20_000)
  const window = new Uint8Array(new ArrayBuffer(30_000), 5, 20_000).fill(1)

  const taken = codec.decode({ head, buffers: [exact] }) as Uint8Array
  const copied = codec.decode({ head, buffers: [window] }) as Uint8Array

  expect(taken.buffer).toBe(exact.buffer)
  expect(copied.buffer).not.toBe(window.buffer)
  expect([copied.buffer.byteLength, copied[0]]).toEqual([20_000, 1])
})

test('a body that was encoded stays as it is while others are encoded', () => {
  const bodies = Array.from({ length: 2000 }, (_, i) =>
    codec.encode({ i, text: `text ${i}`.repeat(i % 40) }, 'value'),
  )

  for (const [i, body] of bodies.entries()) {
    assertCloned(codec.decode(body), { i, text: `text ${i}`.repeat(i % 40) })
  }
})

test('a resizable buffer arrives resizable', () => {
  const buffer = new ArrayBuffer(4, { maxByteLength: 64 })
  new Uint8Array(buffer).set([1, 2, 3, 4])

  const arrived = travel(buffer) as ArrayBuffer

  expect([arrived.resizable, arrived.byteLength, arrived.maxByteLength]).toEqual([true, 4, 64])
  expect([...new Uint8Array(arrived)]).toEqual([1, 2, 3, 4])
})

test('a buffer that was transferred, or may grow without end, is refused', () => {
  const gone = new ArrayBuffer(8)
  const view = new Uint8Array(gone)
  structuredClone(gone, { transfer: [gone] })

  expect(thrownBy(() => codec.encode({ gone }, 'value'))).toHaveProperty(
    'message',
    'Cannot send value › .gone: detached ArrayBuffer',
  )
  expect(thrownBy(() => codec.encode([view], 'value'))).toHaveProperty(
    'message',
    'Cannot send value › [0]: detached ArrayBuffer',
  )
  expect(
    thrownBy(() => codec.encode(new ArrayBuffer(0, { maxByteLength: 2 ** 31 }), 'value')),
  ).toHaveProperty('message', 'Cannot send value: ArrayBuffer that may grow to 2147483648 bytes')
})

test('a string of megabytes travels beside the head', () => {
  const text = 'äx'.repeat(1_000_000)

  const { head, buffers } = codec.encode([text], 'value')

  expect(head.byteLength).toBeLessThan(100)
  expect(buffers.map((buffer) => buffer.byteLength)).toEqual([3_000_000])
  expect(codec.decode({ head, buffers })).toEqual([text])
})
