import { expect, test } from 'vitest'
import { limits } from '../src/limits.ts'
import { memoryTransportPair } from '../src/memory-transport.ts'
import { encodePacket } from '../src/packet.ts'
import { attachedLink, LinkEnd, settled } from './ends.ts'

function pings(...numbers: number[]): Uint8Array {
  return encodePacket(
    numbers[0] ?? 0,
    0,
    numbers.map((n) => ({ header: { type: 'ping', n }, bytes: null })),
  )
}

test('Link joins the frames of one turn in one packet, urgent ones first', async () => {
  const { end, far } = attachedLink()
  end.ping(1)
  end.ping(2)
  end.ping(3, true)
  end.ping(4, true)
  await settled()
  end.ping(5)
  await settled()
  expect(far.packets.map(({ sequence, frames }) => [sequence, frames.length])).toEqual([
    [1, 4],
    [2, 1],
  ])
  expect(far.headers.map((header) => header.type === 'ping' && header.n)).toEqual([3, 4, 1, 2, 5])
})

test('Link makes several packets of frames that are larger than they look, in their order', async () => {
  const { end, far } = attachedLink()
  const later = 'x'.repeat(3 * 2 ** 20)
  for (const n of [1, 2, 3, 4, 5]) end.link.send(Object.assign({ type: 'ping' as const, n }, { later }), null)
  await settled()
  expect(far.packets.map(({ sequence, frames }) => [sequence, frames.length])).toEqual([
    [1, 2],
    [2, 1],
    [3, 2],
  ])
  expect(far.headers.map((header) => header.type === 'ping' && header.n)).toEqual([1, 2, 3, 4, 5])
})

test('Link.flush() sends what waits at once, and what follows in a packet of its own', async () => {
  const { end, far } = attachedLink()
  end.ping(1)
  end.link.flush()
  end.ping(2)
  end.link.flush()
  end.link.flush()
  await settled()
  expect(far.packets.map(({ frames }) => frames.length)).toEqual([1, 1])
})

test('Link begins a new packet when one is large enough', async () => {
  const { end, far } = attachedLink()
  for (let id = 1; id <= 10; id++)
    end.link.send({ type: 'result', id }, new Uint8Array(limits.inlineBodyBytes))
  await settled()
  expect(far.packets.map(({ frames }) => frames.length)).toEqual([4, 4, 2])
})

test('Link counts the lists in headers, so that no packet exceeds the limit', async () => {
  const [left, right] = memoryTransportPair()
  const end = new LinkEnd()
  const sizes: number[] = []
  right.bind({ message: (bytes) => sizes.push(bytes.byteLength), closed() {}, drained() {} })
  end.link.attach(left, 0)
  const modules = Array<string>(50).fill('h'.repeat(43))
  for (let id = 1; id <= 5_000; id++) end.link.send({ type: 'call', id, to: 2, fn: 'f', modules }, null)
  for (let id = 1; id <= 100; id++)
    end.link.send({ type: 'result', id, parts: Array<number>(9_000).fill(7) }, null)
  await settled(60)
  expect(Math.max(...sizes)).toBeLessThan(limits.maxPacketBytes / 8)
})

test('Link waits while the transport is full, and urgent frames overtake what waits', async () => {
  const { end, far } = attachedLink()
  for (let id = 1; id <= 64; id++)
    end.link.send({ type: 'result', id }, new Uint8Array(limits.inlineBodyBytes))
  end.link.flush()
  end.ping(1, true)
  await settled(40)
  expect(far.headers.filter(({ type }) => type === 'result')).toHaveLength(64)
  const before = far.headers.findIndex(({ type }) => type === 'ping') * limits.inlineBodyBytes
  expect(before).toBeLessThanOrEqual(limits.socketHighWaterBytes + limits.packetTargetBytes)
})

test('Link drops packets that it had before', async () => {
  const { end, far } = attachedLink()
  far.transport.send(pings(1, 10))
  far.transport.send(pings(1, 10))
  far.transport.send(pings(2, 20))
  far.transport.send(pings(1, 10))
  await settled()
  expect(end.pings).toEqual([1, 10, 2, 20])
  expect(end.packetEnds).toBe(2)
  expect(end.link.received).toBe(2)
})

test('Link.isIdle says whether the peer has acknowledged everything', async () => {
  const { end, far } = attachedLink()
  expect(end.link.isIdle).toBe(true)
  end.ping(1)
  expect(end.link.isIdle).toBe(false)
  await settled()
  expect(end.link.isIdle).toBe(false)
  far.transport.send(encodePacket(0, 1, []))
  await settled()
  expect(end.link.isIdle).toBe(true)
})

test.each([
  ['a gap', pings(2), 'Received packet 2 after 0'],
  [
    'an acknowledgement of what was not sent',
    encodePacket(0, 1, []),
    'Received an acknowledgement of packet 1, which was not sent',
  ],
  ['junk', Buffer.from('junk'), 'Received bytes that are no packet'],
  ['nothing', new Uint8Array(0), 'Received bytes that are no packet'],
])('Link closes the transport on %s and says so once', async (_, bytes, message) => {
  const { end, far } = attachedLink()
  far.transport.send(bytes)
  far.transport.send(pings(1))
  await settled()
  expect(end.violations.map((error) => error.message)).toEqual([message])
  expect(end).toMatchObject({ detached: [], frames: [] })
  expect(end.link.isAttached).toBe(false)
  expect(far.closed).toBe('terminated')
})

test('Link says once that its transport is gone, and why', async () => {
  const { end, far } = attachedLink()
  far.transport.close('the far end is tired')
  await settled()
  expect(end.detached).toEqual(['the far end is tired'])
  expect(end.link.isAttached).toBe(false)
})

test('Link.drop() tells its own reason', async () => {
  const { end, far } = attachedLink()
  end.link.drop('silent')
  end.link.drop('silent again')
  await settled()
  expect(end.detached).toEqual(['silent'])
  expect(far.closed).toBe('terminated')
})

test('Link.close() sends also what a full transport had to wait with, and tells nobody', async () => {
  const { end, far } = attachedLink()
  for (let id = 1; id <= 64; id++)
    end.link.send({ type: 'result', id }, new Uint8Array(limits.inlineBodyBytes))
  end.link.close('done')
  end.ping(1)
  await settled()
  expect(far.headers.map((header) => header.type === 'result' && header.id)).toEqual(
    Array.from({ length: 64 }, (_, i) => i + 1),
  )
  expect(far.closed).toBe('done')
  expect(end.detached).toEqual([])
})

test('Link.destroy() by a frame ends the packet there', async () => {
  const { end, far } = attachedLink(() => end.link.destroy())
  far.transport.send(pings(1, 2, 3))
  await settled()
  expect(end.pings).toEqual([1])
  expect(end).toMatchObject({ packetEnds: 0, detached: [] })
})

test('Link.sendLatest() sends the last of what was told in front of what comes next', async () => {
  const { end, far } = attachedLink()
  for (const id of [2, 3, 4]) end.link.sendLatest({ type: 'members', workers: [id] })
  end.ping(1, true)
  await settled()
  end.ping(2)
  await settled()
  expect(far.headers).toEqual([
    { type: 'members', workers: [4] },
    { type: 'ping', n: 1 },
    { type: 'ping', n: 2 },
  ])
})

test('Link.sendLatest() is sent by a flush, each time', async () => {
  const { end, far } = attachedLink()
  for (const id of [2, 3]) {
    end.link.sendLatest({ type: 'members', workers: [id] })
    end.link.flush()
    await far.packet(id - 1)
  }
  expect(far.headers).toEqual([
    { type: 'members', workers: [2] },
    { type: 'members', workers: [3] },
  ])
})
