import { deepStrictEqual as assertCloned } from 'node:assert/strict'
import { expect, test } from 'vitest'
import { sparse, travel } from './codec-travel.ts'

const cycle: Record<string, unknown> = { name: 'cycle' }
cycle.self = cycle
const shared = { shared: true }
const mapWithItself = new Map<unknown, unknown>()
mapWithItself.set('self', mapWithItself).set(mapWithItself, 1)
const setWithItself = new Set<unknown>()
setWithItself.add(setWithItself)
const arrayWithItself: unknown[] = [1]
arrayWithItself.push(arrayWithItself)
const withHoles = sparse(5, { 0: 1, 2: 3 })
const records = Array.from({ length: 100 }, (_, i) => ({
  id: i,
  name: `n ${i}`,
  score: i / 7,
  tags: [i, `${i}`],
}))
const loneSurrogates = ['\ud800', 'a\udc00b', '\udfff\ud800']

/** Values for which `structuredClone` says what must arrive. */
const cloned: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['true', true],
  ['false', false],
  ['0', 0],
  ['-0', -0],
  ['1', 1],
  ['127, 128, 255, 256, 65535, 65536', [127, 128, 255, 256, 65535, 65536]],
  [
    '2 ** 31 and 2 ** 32 and their neighbours',
    [2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32 - 1, 2 ** 32, 2 ** 33],
  ],
  ['negative integers', [-1, -32, -33, -128, -129, -32768, -32769]],
  ['the largest safe integer', Number.MAX_SAFE_INTEGER],
  ['fractions', [0.1, -0.1, 1e-300, 5e-324, 1.7976931348623157e308]],
  ['NaN', Number.NaN],
  ['infinities', [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
  ['0n', 0n],
  ['bigints of 64 bits', [2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n]],
  ['bigints of thousands of bits', [2n ** 5000n + 1n, -(3n ** 4000n)]],
  ['an empty string', ''],
  ['a short string', 'hello'],
  [
    'strings around the lengths that msgpack distinguishes',
    [31, 32, 255, 256, 65535, 65536].map((n) => 'x'.repeat(n)),
  ],
  ['a string that is not ASCII', 'Grüße, 世界 🌍'],
  ['a long string that is not ASCII', 'ü世🌍'.repeat(10_000)],
  ['a string with NUL', 'a\0b'],
  ['a string that begins with a byte order mark', ['\ufeff', '\ufeffabc', `\ufeff${'x'.repeat(100)}`]],
  ['strings with lone surrogates', loneSurrogates],
  ['a long string with a lone surrogate', `${'x'.repeat(100_000)}\ud800`],
  ['keys with lone surrogates and byte order marks', { '\ud800': 1, [`\ufeff${'k'.repeat(100)}`]: 2 }],
  ['an empty array', []],
  ['an array of everything', [1, 'a', null, undefined, true, 2n, -0, {}, []]],
  ['an array of undefined', [undefined, undefined]],
  ['an array with holes', withHoles],
  ['an array that is all holes', sparse(5, {})],
  ['a huge array with one item', sparse(4_000_000_000, { 3_999_999_999: 'end' })],
  [
    'a long array with a hole',
    Object.assign(
      Array.from({ length: 200_000 }, () => 0),
      { length: 200_001 },
    ),
  ],
  ['an array with a property', Object.assign([1, 2], { extra: 'x' })],
  [
    'an array with holes and properties',
    Object.assign(sparse(3, { 0: 1, 2: 3 }), { 'odd key': { deep: 1 } }),
  ],
  [
    'a long array with a property',
    Object.assign(
      Array.from({ length: 1000 }, (_, i) => i),
      { columns: ['a'] },
    ),
  ],
  ['what a regular expression matched', /(?<year>\d+)-(\d+)/.exec('on 2024-11')],
  ['an array of numbers', Array.from({ length: 1000 }, (_, i) => i * 1.5)],
  ['an array of integers', Array.from({ length: 1000 }, (_, i) => i - 500)],
  ['an array of integers with -0', [...Array.from({ length: 100 }, (_, i) => i), -0]],
  ['an array of numbers that ends in a string', [...Array.from({ length: 100 }, (_, i) => i), 'end']],
  [
    'an array of numbers that ends in a hole',
    Object.assign(
      Array.from({ length: 100 }, (_, i) => i),
      { 101: 1 },
    ),
  ],
  ['an array of strings', Array.from({ length: 1000 }, (_, i) => `string ${i}`)],
  ['an array of empty strings', Array.from({ length: 100 }, () => '')],
  ['an array of strings of many lengths', Array.from({ length: 300 }, (_, i) => 'ä🌍'.repeat(i % 50))],
  [
    'an array of strings with a lone surrogate',
    [...Array.from({ length: 100 }, (_, i) => `s${i}`), '\udfff'],
  ],
  [
    'an array of strings that begin with byte order marks',
    Array.from({ length: 50 }, (_, i) => `\ufeff${i}`),
  ],
  ['an array of records', records],
  ['an array of records that ends otherwise', [...records, { id: 1 }, 'end']],
  ['an array of records that ends in a hole', Object.assign([...records], { 101: 1 })],
  ['an array of records with a property', Object.assign([...records], { columns: ['id'] })],
  ['an array of records, one of them twice', [...records, records[5], ...records.slice(0, 3)]],
  ['an array of records, the last met before', { first: records[99], records }],
  [
    'few records, of two shapes',
    [
      { a: 1, b: 2 },
      { a: 1, b: 2 },
      { b: 1, a: 2 },
    ],
  ],
  ['an array of tuples', Array.from({ length: 100 }, (_, i) => [i, `${i}`, null])],
  [
    'an array of tuples that ends otherwise',
    [...Array.from({ length: 100 }, (_, i) => [i, i]), [1], sparse(3, { 0: 1, 2: 2 })],
  ],
  ['a matrix', Array.from({ length: 50 }, () => Array.from({ length: 50 }, (_, i) => i / 3))],
  ['an empty object', {}],
  ['an object', { a: 1, b: 'x', c: [1, 2, 3] }],
  ['an object with undefined in it', { a: undefined, b: null }],
  [
    'an object with odd keys',
    { '': 1, 'a b': 2, 1: 3, '-1': 4, constructor: 5, hasOwnProperty: 6, toJSON: 7 },
  ],
  ['an object with the keys of msgpackr', { __keys__: 1, _: [1], buffer: 2, length: 3 }],
  ['an object of many keys', Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`key ${i}`, i]))],
  ['objects of many shapes', Array.from({ length: 300 }, (_, i) => ({ [`a${i}`]: i, [`b${i % 7}`]: 1 }))],
  ['an object without prototype', Object.assign(Object.create(null), { a: 1 })],
  ['a Date', new Date(1_700_000_000_123)],
  ['Dates at the ends of time', [new Date(8.64e15), new Date(-8.64e15), new Date(-1)]],
  ['an invalid Date', new Date(Number.NaN)],
  ['a RegExp', /a(b)?\/[^c]/dgimsuy],
  ['a RegExp with flag v', /[\p{L}--a]/v],
  [
    'boxed primitives',
    [Object(1), Object(-0), Object(''), Object('text'), Object(true), Object(false), Object(2n ** 70n)],
  ],
  [
    'a Map',
    new Map<unknown, unknown>([
      ['a', 1],
      [{ key: 1 }, { value: 2 }],
      [Number.NaN, -0],
    ]),
  ],
  ['an empty Map and an empty Set', [new Map(), new Set()]],
  ['a Set', new Set([1, 'a', null, undefined, { a: 1 }])],
  ['a Map of Maps of Sets', new Map([['a', new Map([['b', new Set([1])]])]])],
  ['an ArrayBuffer', Uint8Array.of(1, 2, 3).buffer],
  ['an empty ArrayBuffer', new ArrayBuffer(0)],
  ['a large ArrayBuffer', new Uint8Array(100_000).fill(7).buffer],
  ['an Int8Array', Int8Array.of(-1, 0, 1)],
  ['a Uint8Array', Uint8Array.of(0, 255)],
  ['a Uint8ClampedArray', Uint8ClampedArray.of(0, 255)],
  ['an Int16Array', Int16Array.of(-1, 300)],
  ['a Uint16Array', Uint16Array.of(1, 65535)],
  ['an Int32Array', Int32Array.of(-1, 2, 3)],
  ['a Uint32Array', Uint32Array.of(1, 4_000_000_000)],
  ['a Float32Array', Float32Array.of(1.5, -0, Number.NaN)],
  ['a Float64Array', Float64Array.of(0.1, -0, Number.NaN)],
  ['a BigInt64Array', BigInt64Array.of(-1n, 2n ** 60n)],
  ['a BigUint64Array', BigUint64Array.of(1n, 2n ** 64n - 1n)],
  ['an empty typed array', new Float64Array(0)],
  ['a large typed array', new Float64Array(50_000).map((_, i) => i / 3)],
  ['a DataView', new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2)],
  ['an object in itself', cycle],
  ['an array in itself', arrayWithItself],
  ['a Map in itself', mapWithItself],
  ['a Set in itself', setWithItself],
  ['an object met twice', [shared, { again: shared }, shared]],
]

test.each(cloned)('%s arrives as structuredClone gives it', (_name, value) => {
  assertCloned(travel(value), structuredClone(value))
})

test('objects met twice arrive as one, of whatever kind they are', () => {
  const kinds: readonly unknown[] = [
    {},
    [],
    new Map(),
    new Set(),
    new Date(),
    /a/,
    Object(1),
    new Error('e'),
    new URL('http://a/'),
    new Uint8Array(2),
  ]

  const [first, second] = travel([kinds, [...kinds]]) as [unknown[], unknown[]]

  expect(first.map((object, i) => object === second[i])).toEqual(kinds.map(() => true))
})

test('an object in itself arrives as one in itself', () => {
  const map = new Map<unknown, unknown>()
  const set = new Set<unknown>([map])
  const object = { map, set, array: [map] }
  map.set('object', object).set(object, set)

  const arrived = travel(object) as typeof object

  expect(arrived.map.get('object')).toBe(arrived)
  expect(arrived.map.get(arrived)).toBe(arrived.set)
  expect([...arrived.set][0]).toBe(arrived.map)
  expect(arrived.array[0]).toBe(arrived.map)
})

test('records that refer to each other keep their references', () => {
  const nodes = Array.from({ length: 50 }, (_, id): { id: number; next: unknown } => ({
    id,
    next: undefined,
  }))
  for (const [i, node] of nodes.entries()) node.next = nodes[(i + 1) % nodes.length]

  const arrived = travel(nodes) as typeof nodes

  expect(arrived.every((node, i) => node.id === i && node.next === arrived[(i + 1) % 50])).toBe(true)
})

test('a list of 10,000 links and 10,000 nested arrays, Maps and Sets arrive', () => {
  let list: unknown
  let array: unknown = []
  let map: unknown = new Map()
  let set: unknown = new Set()
  for (let i = 0; i < 10_000; i++) {
    list = { i, next: list }
    array = [array]
    map = new Map([['next', map]])
    set = new Set([set])
  }

  const arrived = travel({ list, array, map, set }) as Record<string, unknown>

  expect(depthOf(arrived.list, (each) => (each as { next: unknown }).next)).toBe(10_000)
  expect(depthOf(arrived.array, (each) => (each as unknown[])[0])).toBe(10_001)
  expect(depthOf(arrived.map, (each) => (each as Map<string, unknown>).get('next'))).toBe(10_001)
  expect(depthOf(arrived.set, (each) => [...(each as Set<unknown>)][0])).toBe(10_001)
})

function depthOf(first: unknown, next: (each: unknown) => unknown): number {
  let depth = 0
  for (let each = first; each !== undefined; each = next(each)) depth++
  return depth
}

test('a property __proto__ arrives as a property and changes no prototype', () => {
  const value: unknown = JSON.parse('{ "__proto__": { "polluted": true }, "a": { "__proto__": 1 } }')
  const many = Array.from({ length: 50 }, (): unknown =>
    JSON.parse('{ "__proto__": { "polluted": true }, "b": 1 }'),
  )

  const arrived = travel([value, many]) as [object, object[]]

  assertCloned(arrived, [value, many])
  expect(Object.getPrototypeOf(arrived[0])).toBe(Object.prototype)
  expect(Object.getPrototypeOf(arrived[1][0])).toBe(Object.prototype)
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
})

test('an object with 1,000 keys, __proto__ among them, arrives with the usual prototype', () => {
  const value: unknown = JSON.parse(
    `{ "__proto__": 1, ${Array.from({ length: 1000 }, (_, i) => `"k${i}": ${i}`).join()} }`,
  )

  assertCloned(travel(value), value)
})

test('an accessor is read once and arrives as its value', () => {
  let reads = 0
  const value = {
    get twice() {
      return ++reads
    },
  }
  const rows = Array.from({ length: 40 }, () => ({
    get read() {
      return ++reads
    },
  }))
  const few = Array.from({ length: 3 }, () => ({
    get read() {
      return ++reads
    },
  }))

  const arrived = travel([value, rows, [...few, 1, ...Array.from({ length: 40 }, () => 1)]]) as unknown[]

  assertCloned(arrived[0], { twice: 1 })
  expect(reads).toBe(44)
})

test('properties that are not enumerable, symbols and lastIndex do not travel, as with structuredClone', () => {
  const value = Object.defineProperty({ a: 1, [Symbol('s')]: 2 }, 'hidden', { value: 1 })
  const pattern = /a/g
  pattern.lastIndex = 3

  assertCloned(Reflect.ownKeys(travel(value) as object), ['a'])
  expect((travel(pattern) as RegExp).lastIndex).toBe(0)
})

test('URL and URLSearchParams arrive', () => {
  const url = new URL('https://user@host:8080/path?a=1&b=%20#hash')

  const arrived = travel([url, new URLSearchParams('a=1&a=2')]) as [URL, URLSearchParams]

  expect(arrived[0]).toBeInstanceOf(URL)
  expect(arrived[0].href).toBe(url.href)
  expect(arrived[1]).toBeInstanceOf(URLSearchParams)
  expect(arrived[1].getAll('a')).toEqual(['1', '2'])
})

test('the keys of an object keep their order', () => {
  const value = { z: 1, a: 2, 10: 3, 2: 4, m: 5 }

  expect(Object.keys(travel(value) as object)).toEqual(Object.keys(value))
})
