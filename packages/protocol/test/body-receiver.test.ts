import { expect, test } from 'vitest'
import { BodyReceiver, inlineBody } from '../src/body-receiver.ts'
import { ProtocolError } from '../src/errors.ts'
import { limits } from '../src/limits.ts'
import type { Chunk, Header } from '../src/message.ts'
import { SharedMemoryReader } from '../src/shared-memory.ts'

const chunk: Chunk = { type: 'chunk', stream: 9 }

function receiverOf(...lengths: number[]): BodyReceiver {
  return new BodyReceiver(lengths, new SharedMemoryReader())
}

test('BodyReceiver puts each part into a buffer of exactly its length', () => {
  const receiver = receiverOf(2, 3, 1)
  receiver.add(chunk, Buffer.of(1, 2))
  receiver.add(chunk, Buffer.of(3))
  receiver.add(chunk, Buffer.of(4, 5))
  expect(receiver.isComplete).toBe(false)
  receiver.add(chunk, Buffer.of(6))
  expect(receiver.isComplete).toBe(true)
  const { head, buffers } = receiver.body
  expect([head, ...buffers].map((part) => [...part])).toEqual([[1, 2], [3, 4, 5], [6]])
  expect([head, ...buffers].map((part) => part.buffer.byteLength)).toEqual([2, 3, 1])
})

test('BodyReceiver takes parts of no length wherever they are', () => {
  const receiver = receiverOf(0, 0, 2, 0, 1, 0)
  receiver.add(chunk, Buffer.of(1, 2))
  receiver.add(chunk, Buffer.of(3))
  expect(receiver.isComplete).toBe(true)
  expect(receiver.body.buffers.map(({ byteLength }) => byteLength)).toEqual([0, 2, 0, 1, 0])
})

test.each([
  ['nothing', [], 'Received a body of 0 bytes in 0 parts'],
  ['no bytes, of which no chunk would ever come', [0, 0], 'Received a body of 0 bytes in 2 parts'],
  [
    'too many bytes',
    [limits.maxBodyBytes, 1],
    `Received a body of ${limits.maxBodyBytes + 1} bytes in 2 parts`,
  ],
  [
    'more bytes than a number counts',
    [2 ** 53 - 1, 2 ** 53 - 1],
    `Received a body of ${2 * (2 ** 53 - 1)} bytes in 2 parts`,
  ],
])('BodyReceiver refuses a body of %s before it allocates any', (_, lengths, message) => {
  expect(() => receiverOf(...lengths)).toThrow(new ProtocolError(message))
})

test.each([
  ['that is empty', [4], [0]],
  ['that is larger than its part', [4], [5]],
  ['that spans two parts', [2, 2], [3]],
  ['that goes on beyond its part', [4], [3, 2]],
  ['after the last', [4], [4, 1]],
])('BodyReceiver refuses a chunk %s', (_, lengths, chunks) => {
  const receiver = receiverOf(...lengths)
  const last = chunks.pop() ?? 0
  for (const length of chunks) receiver.add(chunk, Buffer.alloc(length))
  expect(() => receiver.add(chunk, Buffer.alloc(last))).toThrow(
    new ProtocolError(`Received a chunk of ${last} bytes that does not fit its body`),
  )
})

test('BodyReceiver refuses a chunk without bytes, and one in memory that does not fit', () => {
  const receiver = receiverOf(4)
  expect(() => receiver.add(chunk, null)).toThrow(ProtocolError)
  const slot = { pid: process.pid, fd: 0, offset: 0, length: 5 }
  expect(() => receiver.add({ ...chunk, slot }, null)).toThrow(ProtocolError)
})

test('BodyReceiver gives no body before it is complete', () => {
  expect(() => receiverOf(1).body).toThrow('Cannot take a body before it is complete')
})

const result: Header = { type: 'result', id: 1 }

test('inlineBody() gives the bytes as head, or in the parts that the header tells of', () => {
  expect(inlineBody(result, null)).toEqual({ head: new Uint8Array(0), buffers: [] })
  expect(inlineBody(result, Buffer.of(1, 2))).toEqual({ head: Buffer.of(1, 2), buffers: [] })
  const parts = inlineBody({ ...result, parts: [1, 0, 2] }, Buffer.of(1, 2, 3))
  expect(parts).toEqual({ head: Buffer.of(1), buffers: [Buffer.of(), Buffer.of(2, 3)] })
})

test.each([
  ['too few bytes', [1, 2], Buffer.of(1, 2)],
  ['too many bytes', [1, 2], Buffer.of(1, 2, 3, 4)],
  ['no bytes', [1], null],
  ['no parts', [], Buffer.of()],
])('inlineBody() refuses %s', (_, parts, bytes) => {
  expect(() => inlineBody({ ...result, parts }, bytes)).toThrow(
    new ProtocolError('Received result whose parts are not its body'),
  )
})
