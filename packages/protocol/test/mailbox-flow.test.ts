import { expect, test } from 'vitest'
import { limits } from '../src/limits.ts'
import { idsPerRange } from '../src/mailbox.ts'
import type { Header } from '../src/message.ts'
import { encodePacket } from '../src/packet.ts'
import { SharedMemory } from '../src/shared-memory.ts'
import { type RawEnd, settled } from './ends.ts'
import { startLoopback } from './loopback.ts'
import { attachedMailbox, bodyOf, isSameBody, MailboxEnd, mailboxPair } from './mailboxes.ts'

const mib = 1024 * 1024
const { chunkBytes, streamWindowBytes } = limits

/** Sends frames in a packet of their own, of which `sequence` is the number. */
function say(far: RawEnd, sequence: number, ...frames: [Header, (Uint8Array | null)?][]): void {
  far.transport.send(
    encodePacket(
      sequence,
      0,
      frames.map(([header, bytes = null]) => ({ header, bytes })),
    ),
  )
}

function countChunks({ headers }: RawEnd): number {
  return headers.filter(({ type }) => type === 'chunk').length
}

function announcedStream({ headers }: RawEnd): number {
  return headers.find(({ parts }) => parts !== undefined)?.stream ?? 0
}

test('Mailbox announces a large body with the lengths of its parts, and chunks it within the window', async () => {
  const { end, far } = attachedMailbox()
  end.mailbox.post({ type: 'result', id: 5 }, bodyOf(10, 3 * streamWindowBytes))
  await settled(40)
  const stream = idsPerRange + 1
  expect(far.headers[0]).toEqual({ type: 'result', id: 5, parts: [10, 3 * streamWindowBytes], stream })
  expect(countChunks(far)).toBe(1 + streamWindowBytes / chunkBytes)
  say(far, 1, [{ type: 'credit', stream, chunks: 3 }])
  await settled(40)
  expect(countChunks(far)).toBe(3 + streamWindowBytes / chunkBytes)
})

test('Mailbox credits the chunks of a packet together when it ends', async () => {
  const { far } = attachedMailbox()
  say(
    far,
    1,
    [{ type: 'result', id: 5, parts: [3], stream: 9 }],
    [{ type: 'chunk', stream: 9 }, Buffer.of(1)],
    [{ type: 'chunk', stream: 9 }, Buffer.of(2)],
  )
  await settled()
  expect(far.headers).toEqual([{ type: 'credit', stream: 9, chunks: 2 }])
})

test('Mailbox lets urgent messages overtake a body of 100 MiB', async () => {
  const { end, far } = attachedMailbox()
  // All that the receiver takes it credits at once, so that the window never closes.
  end.mailbox.post({ type: 'result', id: 5 }, { head: Buffer.of(1), buffers: [new Uint8Array(100 * mib)] })
  end.mailbox.link.flush()
  end.mailbox.post({ type: 'pong', n: 1 }, undefined, true)
  await settled(20)
  const before = far.headers.findIndex(({ type }) => type === 'pong')
  expect(before).toBeGreaterThan(0)
  expect(before * chunkBytes).toBeLessThanOrEqual(limits.socketHighWaterBytes + 2 * limits.packetTargetBytes)
  end.mailbox.destroy()
})

test('Mailbox keeps a body of 100 MiB going while messages get in between', async () => {
  const [left, right] = mailboxPair()
  left.mailbox.post({ type: 'result', id: 5 }, { head: Buffer.of(1), buffers: [new Uint8Array(100 * mib)] })
  for (let n = 1; n <= 20; n++) {
    left.mailbox.post({ type: 'ping', n }, undefined, true)
    await right.arrived(n)
  }
  await right.arrived(21)
  expect(right.received.map(({ message }) => message.type)).toEqual([
    ...Array<string>(20).fill('ping'),
    'result',
  ])
})

test('Mailbox sends no more of a body when the receiver stops it', async () => {
  const { end, far } = attachedMailbox()
  end.mailbox.post({ type: 'result', id: 5 }, bodyOf(3 * streamWindowBytes))
  await settled(40)
  const before = countChunks(far)
  say(
    far,
    1,
    [{ type: 'stop', stream: announcedStream(far) }],
    [{ type: 'credit', stream: announcedStream(far), chunks: 5 }],
  )
  await settled(40)
  expect(countChunks(far)).toBe(before)
})

test('Mailbox forgets a message whose body the sender stops, and goes on with those behind it', async () => {
  const { end, far } = attachedMailbox()
  say(
    far,
    1,
    [{ type: 'call', id: 1, to: 2, fn: 'f', parts: [70_000], stream: 9 }],
    [{ type: 'call', id: 2, to: 2, fn: 'f' }],
    [{ type: 'chunk', stream: 9 }, Buffer.alloc(60_000)],
    [{ type: 'stop', stream: 9 }],
    // It was under way already.
    [{ type: 'chunk', stream: 9 }, Buffer.alloc(10_000)],
  )
  await settled()
  expect(end.ids).toEqual([2])
  expect(end.violations).toEqual([])
})

test.each<[string, [Header, (Uint8Array | null)?][], string]>([
  ['a body without parts', [[{ type: 'result', id: 1, stream: 9 }]], 'Received a body of 0 bytes in 0 parts'],
  [
    'a body of nothing',
    [[{ type: 'result', id: 1, parts: [0], stream: 9 }]],
    'Received a body of 0 bytes in 1 parts',
  ],
  [
    'parts that are not the body',
    [[{ type: 'result', id: 1, parts: [2] }, Buffer.of(1)]],
    'Received result whose parts are not its body',
  ],
  [
    'a stream that is in use',
    [[{ type: 'result', id: 1, parts: [1], stream: 9 }], [{ type: 'result', id: 2, parts: [1], stream: 9 }]],
    'Received result with a stream that is in use: 9',
  ],
  [
    'a chunk that is too large',
    [[{ type: 'result', id: 1, parts: [1], stream: 9 }], [{ type: 'chunk', stream: 9 }, Buffer.of(1, 2)]],
    'Received a chunk of 2 bytes that does not fit its body',
  ],
  [
    'memory that is not shared',
    [
      [{ type: 'result', id: 1, parts: [1], stream: 9 }],
      [{ type: 'chunk', stream: 9, slot: { pid: 1, fd: 0, offset: 0, length: 1 } }],
    ],
    'Received a chunk in memory that is not shared',
  ],
])('Mailbox takes %s for a breach of the protocol', async (_, frames, message) => {
  const { end, far } = attachedMailbox()
  say(far, 1, ...frames)
  await settled()
  expect(end.violations.map((error) => error.message)).toEqual([message])
  expect(end.received).toEqual([])
})

test('Mailbox ignores chunks, credit and stops of streams that it does not know', async () => {
  const { end, far } = attachedMailbox()
  say(
    far,
    1,
    [{ type: 'chunk', stream: 9 }, Buffer.of(1)],
    [{ type: 'credit', stream: 9, chunks: 1 }],
    [{ type: 'stop', stream: 9 }],
  )
  await settled()
  expect(end).toMatchObject({ violations: [], received: [] })
  expect(far.headers).toEqual([])
})

/** Takes all slots that there are and says how many. */
function countFree(memory: SharedMemory): number {
  let count = 0
  while (memory.write(Buffer.of(1)) !== undefined) count += 1
  return count
}

function createMemory(): SharedMemory {
  const memory = SharedMemory.create()
  if (memory === undefined) throw new Error('This machine has no shared memory to test with')
  return memory
}

test.runIf(process.platform === 'linux').each([
  ['destroy', (end: { destroy(): void }) => end.destroy()],
  ['close', (end: { close(reason: string): void }) => end.close('done')],
])('Mailbox.%s() frees the slots of what is under way', async (_, leave) => {
  const [memory, other] = [createMemory(), createMemory()]
  const total = countFree(other)
  const { end } = attachedMailbox(memory)
  end.mailbox.post({ type: 'result', id: 1 }, bodyOf(10, 5 * mib))
  await settled()
  leave(end.mailbox)
  expect(countFree(memory)).toBe(total)
})

test.runIf(process.platform === 'linux')(
  'Mailbox frees the slots of a body that the receiver stops',
  async () => {
    const [memory, other] = [createMemory(), createMemory()]
    const total = countFree(other)
    const { end, far } = attachedMailbox(memory)
    end.mailbox.post({ type: 'result', id: 1 }, bodyOf(10, 5 * mib))
    await settled()
    say(far, 1, [{ type: 'stop', stream: announcedStream(far) }])
    await settled()
    expect(countFree(memory)).toBe(total)
  },
)

test.runIf(process.platform === 'linux')('Mailbox frees the slots of what was received', async () => {
  const [memory, other] = [createMemory(), createMemory()]
  const total = countFree(other)
  const [left, right] = mailboxPair(memory, createMemory())
  for (let id = 1; id <= 3; id++) left.mailbox.post({ type: 'result', id }, bodyOf(10, 5 * mib))
  await right.arrived(3)
  await settled()
  expect(countFree(memory)).toBe(total)
})

test.runIf(process.platform === 'linux')(
  'Mailbox drops a message whose memory is gone, and goes on',
  async () => {
    const { end, far } = attachedMailbox(createMemory())
    const slot = { pid: 2 ** 30, fd: 3, offset: 0, length: 10 }
    say(
      far,
      1,
      [{ type: 'call', id: 1, to: 2, fn: 'f', parts: [10], stream: 9 }],
      [{ type: 'call', id: 2, to: 2, fn: 'f' }],
      [{ type: 'chunk', stream: 9, slot }],
    )
    await settled()
    expect(end).toMatchObject({ ids: [2], violations: [] })
  },
)

test.runIf(process.platform === 'linux')(
  'Mailbox reads a large body from shared memory in several turns, though all of it is there',
  async () => {
    await using loopback = await startLoopback()
    const { client, server } = await loopback.connect()
    let [ofTurn, most] = [0, 0]
    const right = new MailboxEnd(0, createMemory(), () => {
      most = Math.max(most, ++ofTurn)
      return false
    })
    let turn = setImmediate(function again() {
      ofTurn = 0
      turn = setImmediate(again)
    })
    const left = new MailboxEnd(1, createMemory())
    left.mailbox.link.attach(client, 0)
    right.mailbox.link.attach(server, 0)
    const body = bodyOf(10, 100 * mib)
    // Written before anything of it can be read: it is the same thread.
    left.mailbox.post({ type: 'result', id: 1 }, body)
    const [received] = await right.arrived(1)
    clearImmediate(turn)
    left.mailbox.destroy()
    right.mailbox.destroy()
    expect(received !== undefined && isSameBody(received.body, body)).toBe(true)
    expect(most).toBeLessThanOrEqual(20)
  },
)
