import { expect, test } from 'vitest'
import { BodySender } from '../src/body-sender.ts'
import { limits } from '../src/limits.ts'
import type { Chunk } from '../src/message.ts'
import { SharedMemory } from '../src/shared-memory.ts'

type Sent = [header: Chunk, bytes: Uint8Array | null]

/** What a sender of a body with these parts sends. */
function sending(
  head: Uint8Array,
  buffers: Uint8Array[] = [],
  memory?: SharedMemory,
): { sender: BodySender; sent: Sent[] } {
  const sent: Sent[] = []
  const sender = new BodySender(9, { head, buffers }, memory, (header, bytes) => sent.push([header, bytes]))
  return { sender, sent }
}

function sizes(sent: Sent[]): number[] {
  return sent.map(([header, bytes]) => header.slot?.length ?? bytes?.byteLength ?? 0)
}

const { chunkBytes, streamWindowBytes, sharedSlotBytes } = limits

test.each([
  [[chunkBytes], [chunkBytes]],
  [[chunkBytes + 1], [chunkBytes, 1]],
  [
    [chunkBytes - 1, 2],
    [chunkBytes - 1, 2],
  ],
  [
    [10, 0, chunkBytes + 5, 0, 20],
    [10, chunkBytes, 5, 20],
  ],
  [[0, 70_000], [70_000]],
])('BodySender cuts parts of %o bytes into chunks of %o, none of which spans two', (parts, chunks) => {
  const [head = new Uint8Array(0), ...buffers] = parts.map((length, i) => new Uint8Array(length).fill(i + 1))
  const { sent } = sending(head, buffers)
  expect(sizes(sent)).toEqual(chunks)
  expect(sent[0]?.[0]).toEqual({ type: 'chunk', stream: 9 })
})

test('BodySender has no more than the window under way, and sends on as the receiver takes', () => {
  const chunks = streamWindowBytes / chunkBytes
  const { sender, sent } = sending(new Uint8Array(streamWindowBytes + 3 * chunkBytes))
  expect(sent).toHaveLength(chunks)
  expect(sender.credit(1)).toBe(false)
  expect(sent).toHaveLength(chunks + 1)
  expect(sender.credit(chunks)).toBe(false)
  expect(sent).toHaveLength(chunks + 3)
  expect(sender.credit(1)).toBe(false)
  expect(sender.credit(1)).toBe(true)
})

test('BodySender survives more credit than it sent', () => {
  const { sender } = sending(new Uint8Array(100_000))
  expect(sender.credit(2 ** 53 - 1)).toBe(true)
})

test.each([
  ['a Uint8Array', new Uint8Array(100_000).fill(1)],
  ['a Buffer, whose slice is no copy', Buffer.alloc(100_000, 1)],
])('BodySender copies %s before it returns', (_, body) => {
  const { sent } = sending(new Uint8Array(0), [body])
  body.fill(2)
  expect(sent[0]?.[1]?.every((byte) => byte === 1)).toBe(true)
})

test('BodySender.abandon() sends nothing more', () => {
  const { sender, sent } = sending(new Uint8Array(2 * streamWindowBytes))
  const before = sent.length
  sender.abandon()
  sender.credit(5)
  expect(sent).toHaveLength(before)
})

test.runIf(process.platform === 'linux')(
  'BodySender puts what it can into shared memory, all at once',
  () => {
    const memory = SharedMemory.create()
    const { sender, sent } = sending(new Uint8Array(10), [new Uint8Array(6 * sharedSlotBytes + 1)], memory)
    expect(sizes(sent)).toEqual([10, ...Array<number>(6).fill(sharedSlotBytes), 1])
    expect(sent.every(([header, bytes]) => header.slot !== undefined && bytes === null)).toBe(true)
    expect(sender.credit(8)).toBe(true)
  },
)

test.runIf(process.platform === 'linux')(
  'BodySender sends the rest through the socket when shared memory is full',
  () => {
    const memory = SharedMemory.create()
    const slots = fill(memory)
    for (const slot of slots.slice(0, 2)) memory?.free(slot)
    const { sent } = sending(new Uint8Array(2 * sharedSlotBytes + chunkBytes + 1))
    const shared = sending(new Uint8Array(2 * sharedSlotBytes + chunkBytes + 1), [], memory)
    expect(sizes(shared.sent)).toEqual([sharedSlotBytes, sharedSlotBytes, chunkBytes, 1])
    expect(shared.sent.map(([header]) => header.slot !== undefined)).toEqual([true, true, false, false])
    expect(sizes(sent)).toHaveLength(streamWindowBytes / chunkBytes)
  },
)

test.runIf(process.platform === 'linux').each([
  ['credit', (sender: BodySender) => void sender.credit(3)],
  ['abandon', (sender: BodySender) => sender.abandon()],
])('BodySender frees its slots on %s', (_, end) => {
  const memory = SharedMemory.create()
  for (const slot of fill(memory).slice(0, 3)) memory?.free(slot)
  const { sender } = sending(new Uint8Array(3 * sharedSlotBytes), [], memory)
  expect(memory?.write(Buffer.of(1))).toBeUndefined()
  end(sender)
  expect(fill(memory)).toHaveLength(3)
})

/** Takes all slots that there are. */
function fill(memory: SharedMemory | undefined): NonNullable<ReturnType<SharedMemory['write']>>[] {
  const slots = []
  for (let slot = memory?.write(Buffer.of(1)); slot !== undefined; slot = memory?.write(Buffer.of(1)))
    slots.push(slot)
  return slots
}
