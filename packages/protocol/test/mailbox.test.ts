import { describe, expect, test } from 'vitest'
import type { EncodedBody } from '../src/body.ts'
import { limits } from '../src/limits.ts'
import { idsPerRange, Mailbox } from '../src/mailbox.ts'
import { SharedMemory } from '../src/shared-memory.ts'
import { settled } from './ends.ts'
import { startLoopback } from './loopback.ts'
import { bodyOf, connect, isSameBody, MailboxEnd, mailboxPair } from './mailboxes.ts'

const mib = 1024 * 1024
const sizes = [0, 1, 65_535, 65_536, 65_537, 262_143, 262_144, 262_145, mib - 1, mib, mib + 1, 5 * mib]

describe.each([
  ['through the socket', () => undefined],
  ['through shared memory', () => SharedMemory.create()],
])('Mailbox sends a body %s', (_, createMemory) => {
  test.each(sizes)('with a head of %i bytes', async (size) => {
    const [left, right] = mailboxPair(createMemory(), createMemory())
    const body = bodyOf(size)
    left.mailbox.post({ type: 'result', id: 5 }, body)
    const [received] = await right.arrived(1)
    expect(received?.message).toMatchObject({ type: 'result', id: 5 })
    expect(isSameBody(received?.body ?? bodyOf(0), body)).toBe(true)
    await settled()
    left.mailbox.destroy()
    right.mailbox.destroy()
  })

  test.each(sizes)('with a buffer of %i bytes and others, each its own', async (size) => {
    const [left, right] = mailboxPair(createMemory(), createMemory())
    const body = bodyOf(100, 0, size, 7)
    left.mailbox.post({ type: 'result', id: 5 }, body)
    const [received] = await right.arrived(1)
    expect(isSameBody(received?.body ?? bodyOf(0), body)).toBe(true)
    expect(received?.body.buffers.map(({ byteLength }) => byteLength)).toEqual([0, size, 7])
    left.mailbox.destroy()
    right.mailbox.destroy()
  })

  test('whole, although its transport broke several times under way', async () => {
    const [left, right] = mailboxPair(createMemory(), createMemory())
    const body = bodyOf(3 * mib, 9 * mib)
    left.mailbox.post({ type: 'call', id: idsPerRange + 1, to: 2, fn: 'f' }, body)
    for (let turns = 1; turns < 6; turns++) {
      await settled(turns)
      if (turns % 2 === 0) left.mailbox.link.drop('cut')
      else right.mailbox.link.drop('cut')
      connect(left, right)
    }
    const [received] = await right.arrived(1)
    expect(isSameBody(received?.body ?? bodyOf(0), body)).toBe(true)
    await settled()
    expect([...left.violations, ...right.violations]).toEqual([])
    left.mailbox.destroy()
    right.mailbox.destroy()
  })
})

test('Mailbox copies large buffers before post() returns, and small ones as well', async () => {
  const [left, right] = mailboxPair()
  const [large, small] = [Buffer.alloc(mib, 1), Buffer.alloc(100, 1)]
  left.mailbox.post({ type: 'result', id: 1 }, { head: Buffer.of(0), buffers: [large] })
  left.mailbox.post({ type: 'result', id: 2 }, { head: Buffer.of(0), buffers: [small] })
  large.fill(2)
  small.fill(2)
  const received = await right.arrived(2)
  expect(received.map(({ body }) => body.buffers[0]?.every((byte) => byte === 1))).toEqual([true, true])
})

test('Mailbox refuses what no peer would take, and sends nothing of it', async () => {
  const [left, right] = mailboxPair()
  const buffer = new Uint8Array(mib)
  const tooLarge = { head: Buffer.of(1), buffers: Array<Uint8Array>(4_096).fill(buffer) }
  const tooMany = { head: buffer, buffers: Array<Uint8Array>(limits.maxBodyParts).fill(Buffer.of(1)) }
  const post = (body: EncodedBody) => () => left.mailbox.post({ type: 'result', id: 1 }, body)
  expect(post(tooLarge)).toThrow(new RangeError('Cannot send more than 4294967296 bytes: 4294967297'))
  expect(post(tooMany)).toThrow(new RangeError('Cannot send more than 65536 buffers: 65537'))
  left.mailbox.post({ type: 'ping', n: 1 })
  await right.arrived(1)
  expect(right).toMatchObject({ received: [{ message: { type: 'ping', n: 1 } }], violations: [] })
})

test('Mailbox.post() tells of no message that it refuses', () => {
  const told: string[] = []
  const mailbox = new Mailbox({
    nextStream: () => 1,
    events: { message() {}, detached() {}, violated() {}, posted: ({ type }) => told.push(type) },
  })
  const tooMany = { head: Buffer.of(1), buffers: Array<Uint8Array>(limits.maxBodyParts).fill(Buffer.of()) }

  expect(() => mailbox.post({ type: 'result', id: 1 }, tooMany)).toThrow(RangeError)
  mailbox.post({ type: 'ping', n: 1 })

  expect(told).toEqual(['ping'])
})

const calls = (...ids: number[]): number[] => ids.map((n) => idsPerRange + n)

test('Mailbox keeps calls, definitions and modules in order behind a large one', async () => {
  const [left, right] = mailboxPair()
  const [first = 0, second = 0, third = 0, fourth = 0] = calls(1, 2, 3, 4)
  left.mailbox.post({ type: 'module', id: first, to: 2, hash: 'm' }, bodyOf(2 * mib))
  left.mailbox.post({ type: 'define', id: second, to: 2, hash: 'f' }, bodyOf(mib))
  left.mailbox.post({ type: 'call', id: third, to: 2, fn: 'f' }, bodyOf(10))
  left.mailbox.post({ type: 'call', id: fourth, to: 2, fn: 'f' }, bodyOf(mib, mib))
  await right.arrived(4)
  expect(right.ids).toEqual(calls(1, 2, 3, 4))
})

test('Mailbox lets answers and control messages overtake a large call', async () => {
  const [left, right] = mailboxPair()
  left.mailbox.post({ type: 'call', id: idsPerRange + 1, to: 2, fn: 'f' }, bodyOf(8 * mib))
  left.mailbox.post({ type: 'call', id: idsPerRange + 2, to: 2, fn: 'f' })
  left.mailbox.post({ type: 'result', id: 7 }, bodyOf(100))
  left.mailbox.post({ type: 'cancel', id: 8, to: 2 })
  await right.arrived(4)
  expect(right.ids).toEqual([7, 8, idsPerRange + 1, idsPerRange + 2])
})

test('Mailbox lets answers overtake one that is larger than the window', async () => {
  const [left, right] = mailboxPair()
  left.mailbox.post({ type: 'result', id: 1 }, bodyOf(8 * mib))
  left.mailbox.post({ type: 'result', id: 2 }, bodyOf(2 * mib))
  left.mailbox.post({ type: 'result', id: 3 }, bodyOf(10))
  await right.arrived(3)
  expect(right.ids).toEqual([2, 3, 1])
})

test('Mailbox lets calls of one caller overtake a large call of another', async () => {
  const [left, right] = mailboxPair()
  left.mailbox.post({ type: 'call', id: 2 * idsPerRange + 1, to: 2, fn: 'f' }, bodyOf(8 * mib))
  left.mailbox.post({ type: 'call', id: 3 * idsPerRange + 1, to: 2, fn: 'f' })
  left.mailbox.post({ type: 'call', id: 2 * idsPerRange + 2, to: 2, fn: 'f' })
  await right.arrived(3)
  expect(right.ids).toEqual([3 * idsPerRange + 1, 2 * idsPerRange + 1, 2 * idsPerRange + 2])
})

test('Mailbox gives frames to relay() first, chunks included', async () => {
  const left = new MailboxEnd(1)
  const taken: string[] = []
  const right = new MailboxEnd(0, undefined, ({ type }) => taken.push(type) > 0 && type !== 'ping')
  connect(left, right)
  left.mailbox.post({ type: 'result', id: idsPerRange * 2 }, bodyOf(300_000))
  left.mailbox.post({ type: 'ping', n: 1 })
  await right.arrived(1)
  expect(taken).toEqual(['result', 'chunk', 'chunk', 'ping'])
  expect(right.received.map(({ message }) => message.type)).toEqual(['ping'])
})

test('Mailbox carries large bodies both ways at once over a WebSocket', async () => {
  await using loopback = await startLoopback()
  const { client, server } = await loopback.connect()
  const [left, right] = [new MailboxEnd(1), new MailboxEnd(0)]
  left.mailbox.link.attach(client, 0)
  right.mailbox.link.attach(server, 0)
  const body = bodyOf(70_000, 9 * mib)
  for (const end of [left, right]) for (const id of [1, 2]) end.mailbox.post({ type: 'result', id }, body)
  const received = [...(await left.arrived(2)), ...(await right.arrived(2))]
  expect(received.map((one) => isSameBody(one.body, body))).toEqual([true, true, true, true])
  left.mailbox.destroy()
  right.mailbox.destroy()
})

test.each([0, 100, 10 * mib])(
  'whenDelivered() calls back once the other end has a body of %i bytes',
  async (size) => {
    const [left, right] = mailboxPair()
    left.mailbox.post({ type: 'result', id: 5 }, bodyOf(size))
    const atDelivery = Promise.withResolvers<number>()

    left.mailbox.whenDelivered(() => atDelivery.resolve(right.received.length))

    expect(await atDelivery.promise).toBe(1)
    let isAtOnce = false
    left.mailbox.whenDelivered(() => {
      isAtOnce = true
    })
    expect(isAtOnce).toBe(true)
    left.mailbox.destroy()
    right.mailbox.destroy()
  },
)
