import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ProtocolError } from '../src/errors.ts'
import { encodeFrame, type TunnelFrame, tunnelLimits } from '../src/tunnel/frame.ts'
import { FrameReader } from '../src/tunnel/frame-reader.ts'

function bytesOf(...frames: readonly TunnelFrame[]): Buffer {
  return Buffer.concat(frames.flatMap(encodeFrame))
}

/** Gives `bytes` to a reader in the given pieces (default: all at once), and what it makes of them. */
function read(bytes: Uint8Array, cuts: readonly number[] = []): TunnelFrame[] {
  const frames: TunnelFrame[] = []
  const reader = new FrameReader((frame) => frames.push(frame))
  const at = [
    0,
    ...cuts.map((cut) => cut % (bytes.byteLength + 1)).toSorted((a, b) => a - b),
    bytes.byteLength,
  ]
  for (const [index, start] of at.slice(0, -1).entries()) reader.push(bytes.subarray(start, at[index + 1]))
  return frames
}

/** Joins the pieces in which the data of one connection came, as long as nothing came between them. */
function joined(frames: readonly TunnelFrame[]): unknown[] {
  const result: { type: string; connection?: number; bytes?: unknown }[] = []
  for (const frame of frames) {
    const last = result.at(-1)
    const isMore = frame.type === 'data' && last?.type === 'data' && last.connection === frame.connection
    if (isMore) last.bytes = Buffer.concat([last.bytes as Uint8Array, frame.bytes])
    else
      result.push({
        ...frame,
        ...('bytes' in frame && typeof frame.bytes !== 'number' && { bytes: Buffer.from(frame.bytes) }),
      })
  }
  return result
}

test.each<[TunnelFrame, string]>([
  [{ type: 'open', connection: 1, address: '10.1.2.3:80' }, '01000000010000000b31302e312e322e333a3830'],
  [{ type: 'data', connection: 258, bytes: Buffer.of(0xde, 0xad) }, '020000010200000002dead'],
  [{ type: 'window', connection: 1, bytes: 65_536 }, '030000000100010000'],
  [{ type: 'end', connection: 2 }, '040000000200000000'],
  [{ type: 'reset', connection: 4_294_967_295 }, '05ffffffff00000000'],
  [{ type: 'message', bytes: Buffer.from('{}') }, '0600000000000000027b7d'],
  [{ type: 'ping', n: 7 }, '070000000700000000'],
  [{ type: 'pong', n: 7 }, '080000000700000000'],
])('encodeFrame() of $0.type has these bytes, and FrameReader reads them', (frame, hex) => {
  expect(bytesOf(frame).toString('hex')).toBe(hex)
  expect(read(Buffer.from(hex, 'hex'))).toEqual([frame])
})

test.each([
  ['type 0', '000000000100000000', 'Received a tunnel frame of unknown type 0'],
  ['type 9', '090000000100000000', 'Received a tunnel frame of unknown type 9'],
  ['open for 0', '010000000000000001', 'Received a tunnel frame of type open for connection 0'],
  ['data for 0', '020000000000000001', 'Received a tunnel frame of type data for connection 0'],
  ['message for 1', '060000000100000001', 'Received a tunnel frame of type message for connection 1'],
  ['data without bytes', '020000000100000000', 'Received a tunnel frame of type data with a length of 0'],
  ['data of 32,769', '020000000100008001', 'Received a tunnel frame of type data with a length of 32769'],
  ['data of 4 GiB', '0200000001ffffffff', 'Received a tunnel frame of type data with a length of 4294967295'],
  ['an address of 65', '010000000100000041', 'Received a tunnel frame of type open with a length of 65'],
  [
    'a message of 65,537',
    '060000000000010001',
    'Received a tunnel frame of type message with a length of 65537',
  ],
  ['a window of 0', '030000000100000000', 'Received a tunnel frame of type window with a length of 0'],
  [
    'a window of 4 GiB',
    '0300000001ffffffff',
    'Received a tunnel frame of type window with a length of 4294967295',
  ],
  ['an end with content', '040000000100000001', 'Received a tunnel frame of type end with a length of 1'],
  ['a ping with content', '070000000100000001', 'Received a tunnel frame of type ping with a length of 1'],
  [
    'an address with a line',
    '010000000100000003310a32',
    'Received a tunnel frame with an address that is none: "1\\n2"',
  ],
])('FrameReader refuses %s', (_, hex, message) => {
  expect(() => read(Buffer.from(hex, 'hex'))).toThrow(new ProtocolError(message))
})

test('FrameReader passes on what came before bytes that are no frame', () => {
  const frames: TunnelFrame[] = []
  const reader = new FrameReader((frame) => frames.push(frame))
  const bytes = Buffer.concat([bytesOf({ type: 'ping', n: 1 }), Buffer.alloc(9, 0xff)])
  expect(() => reader.push(bytes)).toThrow(ProtocolError)
  expect(frames).toEqual([{ type: 'ping', n: 1 }])
})

test('FrameReader gives the bytes of a data frame as they come, and keeps none', () => {
  const frames: TunnelFrame[] = []
  const reader = new FrameReader((frame) => frames.push(frame))
  const bytes = bytesOf({ type: 'data', connection: 1, bytes: Buffer.from('abc') })
  reader.push(bytes.subarray(0, 10))
  expect(joined(frames)).toEqual([{ type: 'data', connection: 1, bytes: Buffer.from('a') }])
  reader.push(bytes.subarray(10))
  expect(joined(frames)).toEqual([{ type: 'data', connection: 1, bytes: Buffer.from('abc') }])
})

const connection = fc.integer({ min: 1, max: 2 ** 32 - 1 })
const content = (minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength })
const anyFrame: fc.Arbitrary<TunnelFrame> = fc.oneof(
  fc.record({ type: fc.constant('open' as const), connection, address: fc.ipV4() }),
  fc.record({ type: fc.constant('data' as const), connection, bytes: content(1, 200) }),
  fc.record({
    type: fc.constant('window' as const),
    connection,
    bytes: fc.integer({ min: 1, max: tunnelLimits.maxWindowBytes }),
  }),
  fc.record({ type: fc.constantFrom('end' as const, 'reset' as const), connection }),
  fc.record({ type: fc.constant('message' as const), bytes: content(0, 200) }),
  fc.record({
    type: fc.constantFrom('ping' as const, 'pong' as const),
    n: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  }),
)

test('FrameReader reads what encodeFrame() wrote, however the bytes were cut', () => {
  fc.assert(
    fc.property(fc.array(anyFrame), fc.array(fc.nat(5_000)), (frames, cuts) => {
      expect(joined(read(bytesOf(...frames), cuts))).toEqual(joined(frames))
    }),
  )
})

test('FrameReader takes any bytes as frames or refuses them with a ProtocolError', () => {
  const typed = fc.tuple(fc.integer({ min: 0, max: 9 }), fc.uint8Array({ minLength: 8, maxLength: 60 }))
  const hostile = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      typed.map(([type, rest]) => Uint8Array.of(type, ...rest)),
      anyFrame.map((frame) => bytesOf(frame)),
    ),
  )
  fc.assert(
    fc.property(hostile, (pieces) => {
      const reader = new FrameReader(() => {})
      const failures: unknown[] = []
      try {
        for (const piece of pieces) reader.push(piece)
      } catch (error) {
        failures.push(error)
      }
      expect(failures.filter((error) => !(error instanceof ProtocolError))).toEqual([])
    }),
    { numRuns: 1_000 },
  )
})
