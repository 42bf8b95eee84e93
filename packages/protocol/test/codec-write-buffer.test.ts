import { expect, test, vi } from 'vitest'
import { Codec } from '../src/codec/codec.ts'
import { noHooks } from '../src/codec/hooks.ts'
import { encodePacket } from '../src/packet.ts'

test('after a large packet, the calls of one turn do not each have a write buffer made', async () => {
  const codec = new Codec(noHooks)
  const frame = { header: { type: 'ping', n: 1 }, bytes: new Uint8Array(50_000) } as const
  const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow')

  encodePacket(1, 0, [frame, frame, frame, frame, frame, frame, frame])
  const before = allocate.mock.calls.length
  for (let i = 0; i < 100; i++) codec.encode(i, 'value')
  await Promise.resolve()

  expect(allocate.mock.calls.length - before).toBe(1)
  allocate.mockRestore()
})
