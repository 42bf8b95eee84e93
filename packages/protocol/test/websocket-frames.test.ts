import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FrameError, FrameReader } from '../src/websocket/frame-reader.ts'
import { writeFrame } from '../src/websocket/frame-writer.ts'

type Got = [kind: number, payload: Buffer]

/** What a reader gives for bytes that arrive in these pieces. */
function read(pieces: readonly Buffer[], isPeerClient = true): Got[] {
  const got: Got[] = []
  const reader = new FrameReader({
    isPeerClient,
    maxPayloadBytes: 1_000_000,
    frame: (kind, payload) => got.push([kind, Buffer.from(payload)]),
  })
  for (const piece of pieces) reader.add(piece)
  return got
}

function written(kind: number, payload: Buffer, isClient: boolean): Buffer {
  const stream = new PassThrough()
  writeFrame(stream, { kind, payload, isClient })
  return stream.read() as Buffer
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [
    0,
    ...at.map((place) => place % bytes.byteLength).toSorted((a, b) => a - b),
    bytes.byteLength,
  ]
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end))
}

test('writeFrame() writes what RFC 6455 says, in each length of its length', () => {
  expect(written(2, Buffer.from('hi'), false).toString('hex')).toBe('82026869')
  expect(written(2, Buffer.from('hi'), true).toString('hex')).toBe('8282000000006869')
  expect(written(2, Buffer.alloc(126), false).subarray(0, 4).toString('hex')).toBe('827e007e')
  expect(written(2, Buffer.alloc(65_536), true).subarray(0, 14).toString('hex')).toBe(
    '82ff000000000001000000000000',
  )
})

test('FrameReader undoes a mask', () => {
  // RFC 6455 §5.7, the masked "Hello", as binary.
  expect(read([Buffer.from('828537fa213d7f9f4d5158', 'hex')])).toEqual([[2, Buffer.from('Hello')]])
})

test('FrameReader gives the frames that were written, in whatever pieces they come', () => {
  const lengths = fc.constantFrom(0, 1, 2, 125, 126, 127, 16_384, 16_385, 65_535, 65_536)
  fc.assert(
    fc.property(
      fc.array(lengths, { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat()),
      fc.boolean(),
      (sizes, at, isClient) => {
        const payloads = sizes.map((size, i) => Buffer.alloc(size, i + 1))
        const bytes = Buffer.concat(payloads.map((payload) => written(2, payload, isClient)))
        const got = read(cut(bytes, at), isClient)
        expect(got.map(([, payload]) => payload.byteLength)).toEqual(sizes)
        expect(got.every(([, payload], i) => payload.equals(payloads[i] ?? Buffer.of()))).toBe(true)
      },
    ),
  )
})

test.each([
  ['a text', '8180000000', 1003],
  ['an unknown kind', '8380000000', 1003],
  ['a part of a message', '0280000000', 1003],
  ['the rest of a message', '8080000000', 1003],
  ['reserved bits', 'c280000000', 1002],
  ['no mask', '820161', 1002],
  ['a long ping', '89fe007e00000000', 1002],
  ['more than the limit', '82ff00000000000f424100000000', 1009],
  ['more than there are numbers for', '82ffffffffffffffffff00000000', 1009],
])('FrameReader refuses %s', (_, hex, code) => {
  const bytes = Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(8)])
  expect(() => read([bytes])).toThrow(expect.objectContaining({ code }))
})

test('FrameReader refuses a mask of a server', () => {
  expect(() => read([Buffer.from('828000000000', 'hex')], false)).toThrow('Frame is masked')
})

test('FrameReader gives frames or refuses, whatever comes', () => {
  const kindsOrCode = (pieces: readonly Uint8Array[]): number[] => {
    try {
      return read(pieces.map((piece) => Buffer.from(piece))).map(([kind]) => kind)
    } catch (error) {
      if (error instanceof FrameError) return [error.code]
      throw error
    }
  }
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (pieces) => {
      const allowed = [2, 8, 9, 10, 1002, 1003, 1009]
      expect(kindsOrCode(pieces).filter((each) => !allowed.includes(each))).toEqual([])
    }),
  )
})
