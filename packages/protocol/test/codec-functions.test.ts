import { createContext, runInContext } from 'node:vm'
import { expect, test } from 'vitest'
import { Codec } from '../src/codec/codec.ts'
import { type CodecHooks, noHooks, type RevivedFunction } from '../src/codec/hooks.ts'
import { ProtocolError } from '../src/errors.ts'
import { send, sourceHooks, sparse, thrownBy, travel } from './codec-travel.ts'

type Call = (...args: unknown[]) => unknown

class Point {
  x: number
  other: unknown
  constructor(x: number) {
    this.x = x
  }
  double(): number {
    return 2 * this.x
  }
}

test('a function in a value arrives through the hooks, once for all its mentions', () => {
  const add = (a: number, b: number): number => a + b

  const arrived = travel({ add, list: [add] }, sourceHooks()) as { add: Call; list: Call[] }

  expect(arrived.add(1, 2)).toBe(3)
  expect(arrived.list[0]).toBe(arrived.add)
})

test('what a function captured arrives with it: values, functions, and itself', () => {
  const factorial = function (n: number): number {
    return scope.call(n)
  } as Call
  const scope = { call: (n: number): number => (n < 2 ? 1 : n) }
  const source = 'function (n) { return n < 2 ? one : n * self(n - 1) }'
  const captured = new Map<unknown, Record<string, unknown>>([[factorial, { one: 1, self: factorial }]])
  const hooks: CodecHooks = {
    ...sourceHooks(captured),
    describeFunction: (fn) => ({ shell: { source }, captured: captured.get(fn) ?? {} }),
  }

  expect((travel(factorial, hooks) as Call)(5)).toBe(120)
})

test('functions are filled when all values exist, those that a function captured before itself', () => {
  const base = (): void => {}
  const derived = (): void => {}
  const names = new Map<unknown, string>([
    [base, 'base'],
    [derived, 'derived'],
  ])
  const data = { list: [1] }
  const filled: unknown[] = []
  const hooks: CodecHooks = {
    ...noHooks,
    describeFunction: (fn) => ({
      shell: { name: names.get(fn) },
      captured: fn === derived ? { base, data } : { data },
    }),
    reviveFunction: ({ name }): RevivedFunction => ({
      fn: Object.assign(() => {}, { is: name }),
      fill: (captured) => void filled.push([name, JSON.stringify(captured.data)]),
    }),
  }

  travel([derived, base, data], hooks)

  expect(filled).toEqual([
    ['base', '{"list":[1]}'],
    ['derived', '{"list":[1]}'],
  ])
})

test('functions that capture each other in a long circle are all filled', () => {
  const fns = Array.from({ length: 5000 }, (): Call => () => {})
  const captured = new Map(fns.map((fn, i) => [fn, { next: fns[(i + 1) % fns.length] }]))
  let filled = 0
  const hooks: CodecHooks = {
    ...noHooks,
    describeFunction: (fn) => ({ shell: {}, captured: captured.get(fn as Call) ?? {} }),
    reviveFunction: () => ({ fn: (): void => {}, fill: () => void filled++ }),
  }

  travel(fns[0], hooks)

  expect(filled).toBe(5000)
})

test('a class instance arrives as one of its class, without its constructor being called', () => {
  const value = new Point(21)

  const arrived = travel([value, new Point(1)], sourceHooks()) as [Point, Point]

  expect(arrived[0].double()).toBe(42)
  expect(Object.keys(arrived[0])).toEqual(Object.keys(value))
  expect(Object.getPrototypeOf(arrived[0])).toBe(Object.getPrototypeOf(arrived[1]))
})

test('an instance in what its own class captured is the same on arrival', () => {
  const point = new Point(1)
  point.other = { back: point }
  const hooks = sourceHooks(new Map([[Point, { registry: [point] }]]))
  const filled: Record<string, unknown>[] = []
  const reviveFunction: CodecHooks['reviveFunction'] = (shell) => {
    const { fn } = hooks.reviveFunction(shell)
    return { fn, fill: (captured) => void filled.push(captured) }
  }

  const arrived = travel(point, { ...hooks, reviveFunction }) as Point

  const { back } = arrived.other as { back: unknown }
  const [registered] = (filled[0] ?? {}).registry as unknown[]
  expect(back).toBe(arrived)
  expect(registered).toBe(arrived)
})

test('the fields of an instance do not reach the setters of its class', () => {
  class Guarded {
    set value(_value: unknown) {
      throw new Error('The setter was called')
    }
  }
  const value: unknown = Object.defineProperty(new Guarded(), 'value', { value: 1, enumerable: true })

  expect({ ...(travel(value, sourceHooks()) as object) }).toEqual({ value: 1 })
})

test('a list of 10,000 instances linked to each other arrives', () => {
  let list = new Point(0)
  for (let i = 1; i < 10_000; i++) list = Object.assign(new Point(i), { other: list })

  let each: unknown = travel(list, sourceHooks())
  let count = 0
  for (; each !== undefined; each = (each as Point).other) count++

  expect(count).toBe(10_000)
})

test('instances of classes that extend Map, Set, Array, Uint8Array and Date keep both', () => {
  const classes = {
    Cache: class Cache extends Map<unknown, unknown> {
      hits = 1
    },
    Tags: class Tags extends Set<unknown> {},
    Stack: class Stack extends Array<unknown> {
      top(): unknown {
        return this.at(-1)
      }
    },
    Bytes: class Bytes extends Uint8Array {},
    Day: class Day extends Date {},
  }
  const cache = new classes.Cache([['k', 1]])
  cache.set('self', cache)
  const value = [
    cache,
    new classes.Tags([1]),
    classes.Stack.from([1, 2]),
    new classes.Bytes([7]),
    new classes.Day(5),
  ] as const

  const arrived = travel(value, sourceHooks()) as unknown as typeof value

  expect(arrived[0].get('self')).toBe(arrived[0])
  expect(arrived[0].hits).toBe(1)
  expect([...arrived[1]]).toEqual([1])
  expect(arrived[2]).toHaveLength(2)
  expect((arrived[2] as InstanceType<typeof classes.Stack>).top()).toBe(2)
  expect([...arrived[3]]).toEqual([7])
  expect(arrived[4].getTime()).toBe(5)
  expect(arrived.map((each) => each.constructor.name)).toEqual(['Cache', 'Tags', 'Stack', 'Bytes', 'Day'])
})

test('an object made from another arrives with that as its prototype', () => {
  const animal = {
    legs: 4,
    describe(): string {
      return 'animal'
    },
  }
  const hooks = {
    ...sourceHooks(),
    describeFunction: () => ({ shell: { source: '() => "animal"' }, captured: {} }),
  }
  const value: unknown = Object.assign(Object.create(animal), { name: 'cat' })

  const arrived = travel([value, animal], hooks) as [typeof animal & { name: string }, unknown]

  expect([arrived[0].name, arrived[0].legs, arrived[0].describe()]).toEqual(['cat', 4, 'animal'])
  expect(Object.getPrototypeOf(arrived[0])).toBe(arrived[1])
})

test('objects of another realm arrive as objects of this one', () => {
  const source =
    '({ list: [1, , 2], map: new Map([[1, { a: new Date(5) }]]), set: new Set([/a/g]), bytes: new Uint8Array([1]) })'
  const value: unknown = runInContext(source, createContext({ Uint8Array }))

  const arrived = travel(value) as { list: unknown; map: Map<number, { a: Date }>; set: Set<unknown> }

  expect(Object.getPrototypeOf(arrived)).toBe(Object.prototype)
  expect(arrived.list).toStrictEqual(sparse(3, { 0: 1, 2: 2 }))
  expect(arrived.map.get(1)?.a).toEqual(new Date(5))
  expect([...arrived.set]).toEqual([/a/g])
})

test('a handle travels as the data that the hooks give, and is what they make of it', () => {
  class Handle {
    readonly id: number
    constructor(id: number) {
      this.id = id
    }
  }
  const hooks: CodecHooks = {
    ...noHooks,
    describeHandle: (value) =>
      value instanceof Handle ? { tag: 'handle', data: { id: value.id } } : undefined,
    reviveHandle: (tag, data) => ({ tag, data }),
  }
  const handle = new Handle(7)

  const arrived = travel({ handle, again: [handle] }, hooks) as { handle: unknown; again: unknown[] }

  expect(arrived.handle).toEqual({ tag: 'handle', data: { id: 7 } })
  expect(arrived.again[0]).toBe(arrived.handle)
})

test('a shell arrives complete however deep in a value its function is', () => {
  const fn = (): number => 1
  let value: unknown = fn
  for (let i = 0; i < 300; i++) value = [value]
  const shells: unknown[] = []
  const hooks: CodecHooks = {
    ...noHooks,
    describeFunction: () => ({ shell: { deep: { deeper: [{ deepest: ['end'] }] } }, captured: {} }),
    reviveFunction: (shell) => {
      shells.push(structuredClone(shell))
      return { fn, fill: () => {} }
    },
  }

  travel(value, hooks)

  expect(shells).toEqual([{ deep: { deeper: [{ deepest: ['end'] }] } }])
})

test('what a hook throws leaves encode() as it is', () => {
  const failure = new TypeError('not loaded yet')
  const hooks: CodecHooks = {
    ...noHooks,
    describeFunction: () => {
      throw failure
    },
    describeHandle: (value) => {
      if (value instanceof Point) throw failure
      return undefined
    },
  }
  class Own extends Error {}

  for (const value of [() => 1, new Point(1), new Own('its class is tried first')]) {
    expect(thrownBy(() => new Codec(hooks).encode([value], 'value'))).toBe(failure)
  }
})

test('what a hook throws leaves decode() as it is', () => {
  const failure = new TypeError('unknown definition')
  const hooks: CodecHooks = {
    ...sourceHooks(),
    reviveFunction: () => {
      throw failure
    },
  }

  expect(thrownBy(() => travel([() => 1], hooks))).toBe(failure)
})

test('a peer that sends functions or handles where none are accepted gets a ProtocolError', () => {
  const hooks: CodecHooks = { ...sourceHooks(), describeHandle: () => ({ tag: 'handle', data: 1 }) }
  const receiver = new Codec(noHooks)

  for (const value of [() => 1, new Point(1)]) {
    const body = send(new Codec(hooks).encode(value, 'value'))
    expect(thrownBy(() => receiver.decode(body))).toBeInstanceOf(ProtocolError)
  }
})
