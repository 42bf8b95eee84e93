import { expect, test } from 'vitest'
import { limits } from '../src/limits.ts'
import { startLoopback } from './loopback.ts'

test('WebSocketTransport closes when a packet exceeds the limit', async () => {
  await using loopback = await startLoopback()
  const { client, server } = await loopback.connect()
  const closed = new Promise<string>((resolve) =>
    server.bind({ message() {}, closed: resolve, drained() {} }),
  )
  client.send(Buffer.alloc(limits.maxPacketBytes + 1))
  expect(await closed).toBe('Max payload size exceeded')
  client.terminate()
})

test.each([1, 125, 126, 255, 256, 4095, 4096, 4097, 65_535, 65_536])(
  'WebSocketTransport carries packets of %i bytes, both ways, in order',
  async (length) => {
    await using loopback = await startLoopback()
    const ends = await loopback.connect()
    for (const [from, to] of [
      [ends.client, ends.server],
      [ends.server, ends.client],
    ] as const) {
      const packets = [length, 3, length].map((size, i) => Buffer.alloc(size, i + 1))
      const received: Uint8Array[] = []
      const all = new Promise<void>((resolve, reject) => {
        const message = (packet: Uint8Array): void => {
          received.push(packet)
          if (received.length === packets.length) resolve()
        }
        to.bind({ message, closed: (reason) => reject(new Error(reason)), drained() {} })
      })
      for (const packet of packets) from.send(packet)
      await all
      expect(received.map((packet) => Buffer.from(packet))).toEqual(packets)
    }
    ends.client.terminate()
  },
)

test('WebSocketTransport takes a packet as large as the limit', async () => {
  await using loopback = await startLoopback()
  const { client, server } = await loopback.connect()
  const message = new Promise<Uint8Array>((resolve) =>
    server.bind({ message: resolve, closed() {}, drained() {} }),
  )
  client.send(Buffer.alloc(limits.maxPacketBytes))
  expect((await message).byteLength).toBe(limits.maxPacketBytes)
  client.terminate()
})

test('WebSocketTransport names the close code when there is no reason', async () => {
  await using loopback = await startLoopback()
  const { socket, server } = await loopback.connect()
  const closed = new Promise<string>((resolve) =>
    server.bind({ message() {}, closed: resolve, drained() {} }),
  )
  socket.terminate()
  expect(await closed).toBe('connection closed (1006)')
})
