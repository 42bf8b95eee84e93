import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { limits } from '../src/limits.ts'
import { memoryTransportPair } from '../src/memory-transport.ts'
import { encodePacket, type Frame } from '../src/packet.ts'
import { attachedLink, LinkEnd, RawEnd, settled } from './ends.ts'

const ping: Frame = { header: { type: 'ping', n: 1 }, bytes: null }

// The time until a link acknowledges by itself passes when a test says so, whatever the machine is busy with.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

async function afterAckDelay(): Promise<void> {
  await settled(2)
  vi.advanceTimersByTime(limits.ackDelayMs)
}

test('Link acknowledges by itself after a short time', async () => {
  const { far } = attachedLink()
  far.transport.send(encodePacket(1, 0, [ping]))
  far.transport.send(encodePacket(2, 0, [ping]))
  await settled(2)
  expect(far.packets).toEqual([])
  await afterAckDelay()
  expect(await far.packet(1)).toEqual({ sequence: 0, acknowledged: 2, frames: [] })
})

test('Link acknowledges at once after so many packets', async () => {
  const { far } = attachedLink()
  for (let sequence = 1; sequence < limits.ackEveryPackets; sequence++)
    far.transport.send(encodePacket(sequence, 0, [ping]))
  await settled(2)
  expect(far.packets).toEqual([])
  far.transport.send(encodePacket(limits.ackEveryPackets, 0, [ping]))
  await settled(2)
  expect(far.packets).toEqual([{ sequence: 0, acknowledged: limits.ackEveryPackets, frames: [] }])
})

test('Link acknowledges at once after so many bytes', async () => {
  const { far } = attachedLink()
  const bytes = new Uint8Array(limits.ackEveryBytes)
  far.transport.send(encodePacket(1, 0, [{ header: { type: 'chunk', stream: 1 }, bytes }]))
  await settled(3)
  expect(far.packets).toEqual([{ sequence: 0, acknowledged: 1, frames: [] }])
})

test('Link acknowledges with what it sends anyway, and then not again', async () => {
  const { end, far } = attachedLink()
  far.transport.send(encodePacket(1, 0, [ping]))
  await settled(2)
  end.ping(2)
  expect(await far.packet(1)).toMatchObject({ sequence: 1, acknowledged: 1 })
  far.transport.send(encodePacket(2, 0, [ping]))
  await afterAckDelay()
  // The next acknowledgement is of the next packet; one of packet 1 would have come before it.
  expect(await far.packet(2)).toEqual({ sequence: 0, acknowledged: 2, frames: [] })
})

test('Link sends again what was not acknowledged, and nothing else', async () => {
  const { end, far } = attachedLink()
  for (const n of [1, 2, 3, 4]) {
    end.ping(n)
    end.link.flush()
  }
  await settled()
  far.transport.send(encodePacket(0, 2, []))
  await settled()
  far.transport.terminate()
  await settled()
  const [left, right] = memoryTransportPair()
  const next = new RawEnd(right)
  end.link.attach(left, 3)
  await settled()
  expect(next.packets.map(({ sequence }) => sequence)).toEqual([4])
})

test('Link.attach() refuses a peer that claims what was never sent, and stays as it is', async () => {
  const { end, far } = attachedLink()
  end.ping(1)
  await settled()
  const [left] = memoryTransportPair()
  expect(() => end.link.attach(left, 2)).toThrow(
    'Received an acknowledgement of packet 2, which was not sent',
  )
  end.ping(2)
  await settled()
  expect(far.headers).toHaveLength(2)
})

test('Link.attach() replaces a transport that still stands without telling of a loss', async () => {
  const { end, far } = attachedLink()
  const [left, right] = memoryTransportPair()
  const next = new RawEnd(right)
  end.link.attach(left, 0)
  end.ping(1)
  await settled()
  expect(end).toMatchObject({ detached: [] })
  expect(far.closed).toBe('terminated')
  expect(next.headers).toEqual([{ type: 'ping', n: 1 }])
})

test('Link keeps what is sent while it has no transport', async () => {
  const end = new LinkEnd()
  end.ping(1)
  await settled()
  end.ping(2)
  const [left, right] = memoryTransportPair()
  const far = new RawEnd(right)
  end.link.attach(left, 0)
  await settled()
  expect(far.headers).toEqual([
    { type: 'ping', n: 1 },
    { type: 'ping', n: 2 },
  ])
})

test('Link.lastReceivedAt is when something last arrived, be it only an acknowledgement', async () => {
  const { end, far } = attachedLink()
  const before = end.link.lastReceivedAt
  end.ping(1)
  far.transport.send(encodePacket(0, 0, []))
  await settled()
  expect(end.link.lastReceivedAt).toBeGreaterThan(before)
})
