import { expect, test } from 'vitest'
import { memoryTransportPair } from '../src/memory-transport.ts'
import { settled } from './ends.ts'

test('memoryTransportPair() copies what is sent, also of a Buffer', async () => {
  const [left, right] = memoryTransportPair()
  const received: Uint8Array[] = []
  right.bind({ message: (packet) => received.push(packet), closed() {}, drained() {} })
  const buffer = Buffer.of(1, 2, 3)
  left.send(buffer)
  buffer.fill(0)
  await settled()
  expect(received).toEqual([Uint8Array.of(1, 2, 3)])
})

test('memoryTransportPair() delivers in a later turn', async () => {
  const [left, right] = memoryTransportPair()
  const received: Uint8Array[] = []
  right.bind({ message: (packet) => received.push(packet), closed() {}, drained() {} })
  left.send(Buffer.of(1))
  expect(received).toEqual([])
  await settled()
  expect(received).toHaveLength(1)
})
