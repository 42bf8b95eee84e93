import fc from 'fast-check'
import { pack } from 'msgpackr'
import { expect, test } from 'vitest'
import { Codec } from '../src/codec/codec.ts'
import { type CodecHooks, noHooks } from '../src/codec/hooks.ts'
import { tag } from '../src/codec/wire-format.ts'
import { ProtocolError } from '../src/errors.ts'
import type { EncodedBody } from '../src/index.ts'
import { send, sparse, thrownBy } from './codec-travel.ts'

class Point {
  x = [1]
}

/** Accepts all functions and handles, as long as the shell is what a hook may rely on. */
const open: CodecHooks = {
  describeFunction: () => ({ shell: { kind: 'test' }, captured: { list: [1] } }),
  reviveFunction: (shell) => {
    if (Object.getPrototypeOf(shell) !== Object.prototype) throw new Error('The shell is no plain object')
    return { fn: class {}, fill: () => {} }
  },
  describeHandle: (value) => (value instanceof Date ? { tag: 'date', data: { time: 1 } } : undefined),
  reviveHandle: (name, data) => ({ name, data }),
}
const receivers = [new Codec(noHooks), new Codec(open)]

const samples: readonly unknown[] = [
  [1, 'a', null, undefined, -0, 2n ** 80n, true, '\ud800'],
  { a: { b: sparse(3, { 0: 1, 2: 3 }) }, ['__proto__x']: 1, list: Object.assign([1], { extra: 2 }) },
  new Map<unknown, unknown>([['k', new Set([1, { a: 1 }])]]),
  [new Date(5), /a/g, Object(1), new URL('http://a/?b'), new URLSearchParams('a=1')],
  [
    new Uint8Array(10),
    new Float64Array(3),
    Buffer.from('abc'),
    new DataView(new ArrayBuffer(8), 2),
    new ArrayBuffer(20_000),
  ],
  [new TypeError('m', { cause: new AggregateError([1]) }), new DOMException('m', 'AbortError')],
  Array.from({ length: 40 }, (_, i) => ({ id: i, name: `n${i}`, score: i / 3, more: [i] })),
  [
    Array.from({ length: 40 }, (_, i) => i),
    Array.from({ length: 40 }, (_, i) => `s${i}`),
    Array.from({ length: 40 }, (_, i) => [i, 1]),
  ],
  [new Point(), new Point(), (): void => {}, new (class Cache extends Map<unknown, unknown> {})([[1, 2]])],
  nested(300),
  new ArrayBuffer(4, { maxByteLength: 8 }),
]
const bodies: readonly EncodedBody[] = samples.map((sample) => send(new Codec(open).encode(sample, 'value')))

function nested(depth: number): unknown {
  let value: unknown = []
  for (let i = 0; i < depth; i++) value = { value }
  return value
}

/** Decoding must end in a value or a ProtocolError. */
function decodeSafely(body: EncodedBody): void {
  for (const receiver of receivers) {
    try {
      receiver.decode(send(body))
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
    }
  }
  if (Reflect.ownKeys(Object.prototype).length !== prototypeKeys)
    throw new Error('Object.prototype was changed')
}

/** 110,000 tries, of which most are refused early. */
const slow = { timeout: 120_000 }

const prototypeKeys = Reflect.ownKeys(Object.prototype).length

function refusal(...items: readonly unknown[]): unknown {
  return thrownBy(() => receivers[1]?.decode({ head: pack(items), buffers: [] }))
}

test('random bytes decode to a value or a ProtocolError', slow, () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 2 }),
      (head, buffers) => decodeSafely({ head, buffers }),
    ),
    { numRuns: 40_000 },
  )
})

test('random items decode to a value or a ProtocolError', slow, () => {
  const item = fc.oneof(
    { weight: 4, arbitrary: fc.constant(null) },
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 70 }) },
    fc.constantFrom(
      true,
      'a',
      '__proto__',
      'length',
      'constructor',
      'Error',
      'Buffer',
      1.5,
      -1,
      2 ** 32,
      5n,
      [],
      {},
    ),
  )
  fc.assert(
    fc.property(fc.array(item, { maxLength: 30 }), (items) =>
      decodeSafely({ head: pack(items), buffers: [] }),
    ),
    { numRuns: 30_000 },
  )
})

test('bodies with bytes changed, removed or doubled decode to a value or a ProtocolError', slow, () => {
  const change = fc.record({
    at: fc.nat(),
    to: fc.nat(255),
    kind: fc.constantFrom('set', 'cut', 'double', 'insert'),
  })
  fc.assert(
    fc.property(
      fc.nat(bodies.length - 1),
      fc.array(change, { minLength: 1, maxLength: 3 }),
      (which, changes) => {
        const { head, buffers } = bodies[which] ?? { head: new Uint8Array(0), buffers: [] }
        let bytes = [...head]
        for (const { at, to, kind } of changes) {
          const place = at % (bytes.length + 1)
          if (kind === 'set') bytes[place] = to
          if (kind === 'cut') bytes = bytes.slice(0, place)
          if (kind === 'double') bytes = [...bytes.slice(0, place), ...bytes.slice(place >> 1)]
          if (kind === 'insert') bytes.splice(place, 0, to)
        }
        decodeSafely({ head: Uint8Array.from(bytes), buffers })
      },
    ),
    { numRuns: 40_000 },
  )
})

test('every beginning of a body, and every body without its buffers, is refused', () => {
  for (const { head, buffers } of bodies) {
    for (let length = 1; length < Math.min(head.byteLength, 400); length++) {
      const cut = { head: head.subarray(0, length), buffers }
      expect(thrownBy(() => receivers[1]?.decode(cut))).toBeInstanceOf(ProtocolError)
    }
    const more = { head, buffers: [...buffers, new Uint8Array(1)] }
    expect(thrownBy(() => receivers[1]?.decode(more))).toBeInstanceOf(ProtocolError)
  }
})

test('nesting without end is refused, whether of msgpack or of items', () => {
  const arrays = Buffer.alloc(1_000_000, 0x91)
  const items = Array.from({ length: 30_000 }, () => [null, tag.array, 1]).flat()

  expect(thrownBy(() => receivers[0]?.decode({ head: arrays, buffers: [] }))).toBeInstanceOf(ProtocolError)
  expect(refusal(...items)).toBeInstanceOf(ProtocolError)
})

test('lengths that the bytes cannot hold are refused before anything is allocated', () => {
  const before = process.memoryUsage().rss
  const bombs = [
    [null, tag.array, 1e9],
    [null, tag.array, Number.NaN],
    [null, tag.array, -1],
    [null, tag.object, 1e9],
    [null, tag.map, 1e9],
    [null, tag.set, 1e9],
    [null, tag.records, 1e9, 1, 'a'],
    [null, tag.tuples, 1e9, 1],
    [null, tag.tuples, 1, 1e9],
    [null, tag.view, 'Uint8Array', 0, 0, 1e12],
  ]

  for (const bomb of bombs) expect(refusal(...bomb)).toBeInstanceOf(ProtocolError)
  for (const start of [[0xdd], [0xdf], [0xdb], [0xc6], [0xc9], [0xc1, 0xff, 0xff, 0xff, 0xff]]) {
    const head = Uint8Array.from([...start, 0xff, 0xff, 0xff, 0xff])
    expect(thrownBy(() => receivers[0]?.decode({ head, buffers: [] }))).toBeInstanceOf(ProtocolError)
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024)
})

test('a blob that is to become many values is refused', () => {
  const { head, buffers } = bodies[7] ?? { head: new Uint8Array(0), buffers: [] }
  const numbers = [null, tag.integers, 0]
  const items = pack([[4], [null, tag.array, 2, ...numbers, ...numbers]])
  const compound = Buffer.concat([Buffer.from([0xc1, 0, 0, 0, items.length]), items, Buffer.alloc(4)])

  expect(() => receivers[0]?.decode({ head, buffers })).not.toThrow()
  expect(thrownBy(() => receivers[0]?.decode({ head: compound, buffers: [] }))).toBeInstanceOf(ProtocolError)
})

test('resizable buffers that may grow to more than a process has are refused', () => {
  const items = pack([
    Array.from({ length: 5000 }, () => [0, 2 ** 30]),
    [null, tag.array, 5000, ...Array.from({ length: 5000 }, (_, i) => [null, tag.arrayBuffer, i]).flat()],
  ])
  const head = Buffer.concat([Buffer.from([0xc1, 0, 0, items.length >> 8, items.length & 255]), items])

  expect(thrownBy(() => receivers[0]?.decode({ head, buffers: [] }))).toBeInstanceOf(ProtocolError)
})

test('the types that msgpackr has beyond the format are refused', () => {
  const types = [
    new Date(0),
    new Set([1]),
    new Error('e'),
    /a/,
    new Map(),
    { a: 1 },
    [1],
    new Uint8Array(2),
    undefined,
  ]

  for (const type of types) expect(refusal(null, tag.array, 1, type)).toBeInstanceOf(ProtocolError)
})

test('a reference to what does not exist yet is refused', () => {
  expect(refusal(null, tag.ref, 0)).toBeInstanceOf(ProtocolError)
  expect(refusal(null, tag.array, 1, null, tag.ref, 1)).toBeInstanceOf(ProtocolError)
  expect(refusal(null, tag.instance, null, tag.ref, 0, null, tag.object, 0)).toBeInstanceOf(ProtocolError)
  expect(refusal(null, tag.function, null, tag.ref, 0, null, tag.object, 0)).toBeInstanceOf(ProtocolError)
})

test('a shell that is no plain object never reaches the hooks', () => {
  for (const shell of [[1], ['text'], [null, tag.null], [null, tag.array, 0], [null, tag.map, 0]]) {
    expect(refusal(null, tag.function, ...shell, null, tag.object, 0)).toBeInstanceOf(ProtocolError)
  }
})

test('keys of every kind of object are only ever own properties', () => {
  const bad = ['__proto__', null, tag.object, 1, 'polluted', true]
  const heads = [
    [null, tag.object, 1, ...bad],
    [null, tag.error, 'Error', null, tag.null, null, tag.object, 1, ...bad, null, tag.object, 0],
    [null, tag.sparse, 0, 0, 1, ...bad],
    [null, tag.instance, null, tag.object, 0, null, tag.object, 1, ...bad],
  ]

  for (const items of heads) {
    const value = receivers[1]?.decode({ head: pack(items), buffers: [] }) as { polluted?: unknown }
    expect(value.polluted).toBeUndefined()
    expect(Object.getOwnPropertyNames(value)).toContain('__proto__')
  }
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
})
