import { EventEmitter } from 'node:events'
import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { Codec } from '../src/codec/codec.ts'
import { type CodecHooks, noHooks } from '../src/codec/hooks.ts'
import { SerializationError } from '../src/errors.ts'
import { sourceHooks, sparse, thrownBy } from './codec-travel.ts'

const codec = new Codec(noHooks)
const fn = (): void => {}
class Point {
  x = 1
}
function* generate(): Generator<number> {
  yield 1
}

const refused: readonly (readonly [value: unknown, message: string])[] = [
  [Symbol('s'), 'Cannot send argument 1: symbol'],
  [{ a: { b: [0, Symbol('s')] } }, 'Cannot send argument 1 › .a › .b › [1]: symbol'],
  [{ 'odd key': Symbol('s') }, 'Cannot send argument 1 › ["odd key"]: symbol'],
  [{ größe: Symbol('s') }, 'Cannot send argument 1 › .größe: symbol'],
  [fn, 'Cannot send argument 1: function'],
  [{ fn }, 'Cannot send argument 1 › .fn: function'],
  [[Point], 'Cannot send argument 1 › [0]: function'],
  [new Point(), 'Cannot send argument 1: Point'],
  [{ point: [new Point()] }, 'Cannot send argument 1 › .point › [0]: Point'],
  [new (class Cache extends Map {})(), 'Cannot send argument 1: Cache'],
  [Promise.resolve(), 'Cannot send argument 1: Promise'],
  [new (class Later extends Promise<void> {})(() => {}), 'Cannot send argument 1: Later'],
  [new WeakMap(), 'Cannot send argument 1: WeakMap'],
  [new WeakSet(), 'Cannot send argument 1: WeakSet'],
  [new WeakRef({}), 'Cannot send argument 1: WeakRef'],
  [new FinalizationRegistry(() => {}), 'Cannot send argument 1: FinalizationRegistry'],
  [generate(), 'Cannot send argument 1: Generator'],
  [[1].values(), 'Cannot send argument 1: Array Iterator'],
  [new Map().entries(), 'Cannot send argument 1: Map Iterator'],
  [new SharedArrayBuffer(8), 'Cannot send argument 1: SharedArrayBuffer'],
  [new Uint8Array(new SharedArrayBuffer(8)), 'Cannot send argument 1: SharedArrayBuffer'],
  [Object(Symbol('s')), 'Cannot send argument 1: Symbol'],
  [new Intl.NumberFormat(), 'Cannot send argument 1: NumberFormat'],
  [new AbortController(), 'Cannot send argument 1: AbortController'],
  [new AbortController().signal, 'Cannot send argument 1: AbortSignal'],
  [new Blob(['a']), 'Cannot send argument 1: Blob'],
  [new TextDecoder(), 'Cannot send argument 1: TextDecoder'],
  [{ socket: new Socket() }, 'Cannot send argument 1 › .socket: Socket'],
  [new EventEmitter(), 'Cannot send argument 1: EventEmitter'],
  [new Map([['k', Symbol('s')]]), 'Cannot send argument 1 › get("k"): symbol'],
  [new Map([[{}, Symbol('s')]]), 'Cannot send argument 1 › value 0: symbol'],
  [
    new Map([
      [1, 1],
      [Symbol('s'), 1],
    ] as [unknown, unknown][]),
    'Cannot send argument 1 › key 1: symbol',
  ],
  [new Set([1, Symbol('s')]), 'Cannot send argument 1 › value 1: symbol'],
  [new Error('e', { cause: Symbol('s') }), 'Cannot send argument 1 › .cause: symbol'],
  [new AggregateError([fn]), 'Cannot send argument 1 › .errors › [0]: function'],
  [Object.assign([1], { extra: fn }), 'Cannot send argument 1 › .extra: function'],
  [sparse(2, { 1: fn }), 'Cannot send argument 1 › [1]: function'],
  [
    [...Array.from({ length: 50 }, () => ({ a: 1 })), { a: fn }],
    'Cannot send argument 1 › [50] › .a: function',
  ],
  [
    Array.from({ length: 50 }, (_, i) => [i, i < 40 ? 1 : fn]),
    'Cannot send argument 1 › [40] › [1]: function',
  ],
]

test.each(refused)('%s is refused with "%s"', (value, message) => {
  const error = thrownBy(() => codec.encode(value, 'argument 1'))

  expect(error).toBeInstanceOf(SerializationError)
  expect(error).toHaveProperty('message', message)
})

test('the error has the path as a field', () => {
  const error = thrownBy(() => codec.encode({ a: [Symbol('s')] }, 'result'))

  expect(error).toHaveProperty('path', 'result › .a › [0]')
})

test('each item of a list has a root of its own when the root is a function', () => {
  const args = [1, { a: [Symbol('s')] }]

  const error = thrownBy(() => codec.encode(args, (index) => `argument ${index + 1}`))

  expect(error).toHaveProperty('message', 'Cannot send argument 2 › .a › [0]: symbol')
})

test('what a function captured is named in the path', () => {
  const db = { socket: Symbol('socket') }
  const inner = (): void => {}
  const hooks = sourceHooks(
    new Map<unknown, Record<string, unknown>>([
      [fn, { inner }],
      [inner, { db, '.property': 1 }],
    ]),
  )

  const error = thrownBy(() => new Codec(hooks).encode(fn, 'fn'))

  expect(error).toHaveProperty(
    'message',
    'Cannot send fn › captured "inner" › captured "db" › .socket: symbol',
  )
})

test('what the class of an instance captured is named in the path, though it is written last', () => {
  const hooks = sourceHooks(new Map([[Point, { db: Symbol('db') }]]))

  const error = thrownBy(() => new Codec(hooks).encode({ list: [1, new Point()] }, 'fn'))

  expect(error).toHaveProperty('message', 'Cannot send fn › .list › [1] › captured "db": symbol')
})

test('the path of something 1,000 levels down is complete', () => {
  let value: unknown = Symbol('s')
  for (let i = 0; i < 1000; i++) value = { n: value }

  const error = thrownBy(() => codec.encode(value, 'value'))

  expect(error).toHaveProperty('message', `Cannot send value${' › .n'.repeat(1000)}: symbol`)
})

test('the hooks know a class that is a value from the class of an instance', () => {
  const asked: string[] = []
  const hooks: CodecHooks = {
    ...noHooks,
    describeFunction: (asking, path, use) => {
      asked.push(`${asking.name} as ${use}`)
      if (use === 'class' && asking.name === 'Socket') throw new SerializationError(path, 'class of Node.js')
      return { shell: {}, captured: {} }
    },
  }
  class Own extends Error {}
  const strict = new Codec(hooks)

  strict.encode([Socket, new Point(), new Own()], 'result')
  const error = thrownBy(() => strict.encode({ db: { socket: new Socket() } }, 'result'))

  expect(asked.slice(0, 2)).toEqual(['Socket as value', 'Point as class'])
  expect(new Set(asked.slice(2, -1))).toEqual(new Set(['Own as value']))
  expect(error).toHaveProperty('message', 'Cannot send result › .db › .socket: Socket')
})

test('an error of the hooks is passed on, unless it refuses the class of an instance', () => {
  const describeFunction: CodecHooks['describeFunction'] = (_fn, path) => {
    throw new SerializationError(path, 'native function (main.ts:12:7)')
  }
  const strict = new Codec({ ...noHooks, describeFunction })

  const ofFunction = thrownBy(() => strict.encode([fn], 'result'))
  const ofInstance = thrownBy(() => strict.encode([new Socket()], 'result'))

  expect(ofFunction).toHaveProperty('message', 'Cannot send result › [0]: native function (main.ts:12:7)')
  expect(ofInstance).toHaveProperty('message', 'Cannot send result › [0]: Socket')
  expect(ofInstance).toHaveProperty(
    'cause.message',
    'Cannot send result › [0]: native function (main.ts:12:7)',
  )
})

test("the hooks' own words are kept when they begin with the class", () => {
  const describeFunction: CodecHooks['describeFunction'] = (_fn, path) => {
    throw new SerializationError(path, 'Socket (main.ts:12:7)')
  }

  const error = thrownBy(() => new Codec({ ...noHooks, describeFunction }).encode(new Socket(), 'result'))

  expect(error).toHaveProperty('message', 'Cannot send result: Socket (main.ts:12:7)')
})

test('a getter that throws is named, with its error as the cause', () => {
  const failure = new Error('broken')
  const broken = {
    fine: 1,
    get bad(): unknown {
      throw failure
    },
  }
  const inArray = Object.defineProperty([1, 2], 1, { get: () => broken.bad, enumerable: true })

  const error = thrownBy(() => codec.encode({ list: [broken] }, 'value'))

  expect(error).toHaveProperty('message', 'Cannot send value › .list › [0] › .bad: getter that throws')
  expect(error).toHaveProperty('cause', failure)
  expect(thrownBy(() => codec.encode(inArray, 'value'))).toHaveProperty(
    'message',
    'Cannot send value › [1]: getter that throws',
  )
  expect(
    thrownBy(() =>
      codec.encode(
        Array.from({ length: 40 }, () => broken),
        'value',
      ),
    ),
  ).toHaveProperty('message', 'Cannot send value › [0] › .bad: getter that throws')
})

test('a Proxy whose traps throw is refused', () => {
  const failure = new Error('trap')
  const fail = (): never => {
    throw failure
  }

  for (const traps of [{ ownKeys: fail }, { getPrototypeOf: fail }, { get: fail }]) {
    const error = thrownBy(() => codec.encode({ proxy: new Proxy({ a: 1 }, traps) }, 'value'))
    expect(error).toBeInstanceOf(SerializationError)
    expect(error).toHaveProperty('cause', failure)
  }
})
