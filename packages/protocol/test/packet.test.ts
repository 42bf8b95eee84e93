import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { expect, test } from 'vitest'
import { ProtocolError } from '../src/errors.ts'
import type { Header } from '../src/message.ts'
import { decodePacket, encodePacket } from '../src/packet.ts'

const packr = new Packr({ useRecords: false })
const ping: Header = { type: 'ping', n: 1 }

test('encodePacket() joins frames, and decodePacket() takes them apart again', () => {
  const frames = [
    { header: ping, bytes: null },
    { header: { type: 'result', id: 2 } as const, bytes: Buffer.of(1, 2, 3) },
    { header: { type: 'drain' } as const, bytes: Buffer.alloc(0) },
  ]
  expect(decodePacket(encodePacket(7, 5, frames))).toEqual({ sequence: 7, acknowledged: 5, frames })
})

test('encodePacket() without frames only acknowledges', () => {
  expect(Buffer.from(encodePacket(0, 3, [])).toString('hex')).toBe('920003')
})

test.each([1, 8, 40_000])(
  'encodePacket() writes a chunk and %i frames before it as msgpackr would',
  (count) => {
    const frames = [
      ...Array.from({ length: count }, () => ({ header: ping, bytes: Buffer.alloc(300) })),
      { header: ping, bytes: null },
      { header: { type: 'credit', stream: 2 ** 32 + 1, chunks: 2 } as const, bytes: Buffer.of(1) },
      { header: { type: 'chunk', stream: 2 ** 32 + 1 } as const, bytes: Buffer.alloc(262_144, 7) },
    ]
    const flat = [7, 2 ** 32 + 5, ...frames.flatMap(({ header, bytes }) => [header, bytes])]
    expect(packr.pack(flat).equals(encodePacket(7, 2 ** 32 + 5, frames))).toBe(true)
  },
)

test('decodePacket() takes numbers above 32 bits as floats and as integers', () => {
  const id = 2 ** 32 + 1
  const asInteger = packr.pack([1, 0, { type: 'unknown', id: BigInt(id) }, null])
  const asFloat = encodePacket(1, 0, [{ header: { type: 'unknown', id }, bytes: null }])
  expect(asInteger).not.toEqual(asFloat)
  expect(decodePacket(asInteger)).toEqual(decodePacket(asFloat))
})

test('decodePacket() keeps fields that it does not know, which a later version may send', () => {
  const [frame] = decodePacket(packr.pack([1, 0, { ...ping, later: true }, null])).frames
  expect(frame?.header).toEqual({ ...ping, later: true })
})

test.each([
  ['an empty message', new Uint8Array(0), 'Received bytes that are no packet'],
  ['an array that never ends', Buffer.from('dd7fffffff01', 'hex'), 'Received bytes that are no packet'],
  ['bytes that never end', Buffer.from('940100c0c6ffffffff', 'hex'), 'Received bytes that are no packet'],
  ['two packets in one', Buffer.from('920003920004', 'hex'), 'Received bytes that are no packet'],
  ['200,000 nested arrays', Buffer.alloc(200_000, 0x91), 'Received bytes that are no packet'],
  ['a number', packr.pack(5), 'Received a packet that is not a list of frames'],
  ['an object', packr.pack({ 0: 1, 1: 2, length: 2 }), 'Received a packet that is not a list of frames'],
  ['a header without a body', packr.pack([1, 0, ping]), 'Received a packet that is not a list of frames'],
  ['nothing to count', packr.pack([]), 'Received a packet that is not a list of frames'],
  ['a negative sequence', packr.pack([-1, 0]), 'Received a packet without a sequence'],
  ['a fractional sequence', packr.pack([1.5, 0]), 'Received a packet without a sequence'],
  ['a sequence that is too large', packr.pack([2n ** 63n, 0]), 'Received a packet without a sequence'],
  ['no acknowledgement', packr.pack([1, null]), 'Received a packet without a sequence'],
  ['a body of text', packr.pack([1, 0, ping, 'text']), 'Received a frame whose body is not bytes'],
  ['a body of another type', packr.pack([1, 0, ping, [1, 2]]), 'Received a frame whose body is not bytes'],
  [
    'a body that should be chunks',
    packr.pack([1, 0, { type: 'result', id: 5 }, Buffer.alloc(65_537)]),
    'Received result with 65537 bytes in its frame',
  ],
  [
    'a chunk above its size',
    packr.pack([1, 0, { type: 'chunk', stream: 5 }, Buffer.alloc(1_048_577)]),
    'Received chunk with 1048577 bytes in its frame',
  ],
  [
    'headers above their size',
    packr.pack([1, 0, { ...ping, later: 'x'.repeat(7_000_000) }, null]),
    'Received headers of 7000031 bytes in one packet',
  ],
  ['no header', packr.pack([1, 0, null, null]), 'Received a message that is no object: null'],
  ['a wrong header', packr.pack([1, 0, { type: 'ping', n: 'x' }, null]), "Received ping with a wrong n: 'x'"],
])('decodePacket() refuses %s', (_, bytes, message) => {
  expect(() => decodePacket(bytes)).toThrow(new ProtocolError(message))
})

test('decodePacket() refuses each packet that was cut short', () => {
  const bytes = encodePacket(1, 0, [
    { header: { type: 'result', id: 5, parts: [3] }, bytes: Buffer.alloc(3) },
  ])
  for (let length = 0; length < bytes.byteLength; length++) {
    expect(() => decodePacket(bytes.subarray(0, length))).toThrow(ProtocolError)
  }
})

test('decodePacket() of anything gives a packet or a ProtocolError', () => {
  const good = encodePacket(1, 0, [
    {
      header: { type: 'call', id: 5, to: 2, fn: 'f', claim: { slot: 1, generation: 1 } },
      bytes: Buffer.alloc(3),
    },
  ])
  const junk = fc.uint8Array({ maxLength: 64 })
  const spoilt = fc
    .array(fc.tuple(fc.nat(good.byteLength - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    .map((changes) => {
      const bytes = Uint8Array.from(good)
      for (const [at, value] of changes) bytes[at] = value
      return bytes
    })
  fc.assert(
    fc.property(fc.oneof(junk, spoilt), (bytes) => {
      expect(outcomeOf(bytes)).toBe('a packet or a ProtocolError')
    }),
    { numRuns: 2_000 },
  )
})

function outcomeOf(bytes: Uint8Array): unknown {
  try {
    const { frames } = decodePacket(bytes)
    return Array.isArray(frames) ? 'a packet or a ProtocolError' : frames
  } catch (error) {
    return error instanceof ProtocolError ? 'a packet or a ProtocolError' : error
  }
}
