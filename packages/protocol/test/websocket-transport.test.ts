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
