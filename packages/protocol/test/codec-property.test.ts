import { deepStrictEqual as assertCloned } from 'node:assert/strict'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { travel } from './codec-travel.ts'

const anything = fc.anything({
  key: fc.string({ unit: 'binary' }),
  maxDepth: 4,
  values: [
    fc.boolean(),
    fc.integer(),
    fc.double(),
    fc.bigInt(),
    fc.string({ unit: 'binary' }),
    // Code units on their own: lone surrogates.
    fc.array(fc.nat(0xffff), { maxLength: 5 }).map((units) => String.fromCharCode(...units)),
    fc.constantFrom(null, undefined, -0, Number.NaN, '__proto__', 'constructor', '\ufeff'),
    fc.string({ minLength: 60, maxLength: 300 }),
    fc.bigInt({ min: -(2n ** 600n), max: 2n ** 600n }),
    fc.uint8Array().map(({ buffer }) => buffer),
    fc.uint8Array({ minLength: 8 }).map(({ buffer }) => new DataView(buffer, 3, 2)),
    fc.constantFrom('', 'g', 'dgimsuy', 'v').map((flags) => new RegExp('[a-z]', flags)),
    fc
      .tuple(fc.string(), fc.constantFrom(Error, TypeError, RangeError, SyntaxError), fc.anything())
      .map(([message, Kind, cause]) => new Kind(message, { cause })),
  ],
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
})

test('whatever structuredClone clones arrives as its clone', () => {
  fc.assert(
    fc.property(anything, (value) => assertCloned(travel(value), structuredClone(value))),
    { numRuns: 5_000 },
  )
})

test('long arrays of alike values arrive as their clones', () => {
  const row = fc.record({ a: anything, b: fc.double(), c: fc.string({ unit: 'binary' }) })
  const item = fc.oneof(
    fc.array(fc.double(), { minLength: 33, maxLength: 80 }),
    fc.array(fc.integer(), { minLength: 33, maxLength: 80 }),
    fc.array(fc.string({ unit: 'binary' }), { minLength: 33, maxLength: 80 }),
    fc.array(row, { minLength: 33, maxLength: 50 }),
    fc.array(fc.tuple(fc.integer(), anything), { minLength: 33, maxLength: 50 }),
  )
  fc.assert(
    fc.property(item, fc.array(anything, { maxLength: 3 }), (items, more) => {
      const value = [...items, ...more]
      assertCloned(travel(value), structuredClone(value))
    }),
    { numRuns: 200 },
  )
})

test('objects that refer to each other in any way arrive with the same references', () => {
  const links = fc.array(fc.tuple(fc.nat(30), fc.nat(30)), { maxLength: 60 })
  fc.assert(
    fc.property(links, fc.boolean(), (pairs, isLong) => {
      const nodes = Array.from({ length: isLong ? 40 : 8 }, (_, id) => makeNode(id))
      for (const [from, to] of pairs) nodes[from % nodes.length]?.link(nodes[to % nodes.length]?.value)
      const values = nodes.map(({ value }) => value)

      const arrived = travel([values, values]) as unknown[][]

      assertCloned(arrived, structuredClone([values, values]))
      expect(arrived[0]).toBe(arrived[1])
      expect(outline(arrived)).toEqual(outline([values, values]))
    }),
    { numRuns: 1_000 },
  )
})

interface TestNode {
  readonly value: object
  link(other: unknown): void
}

function makeNode(id: number): TestNode {
  if (id % 4 === 0) {
    const value: unknown[] = [id]
    return { value, link: (other) => void value.push(other) }
  }
  if (id % 4 === 1) {
    const value = new Map<unknown, unknown>([['id', id]])
    return { value, link: (other) => void value.set(other, other) }
  }
  if (id % 4 === 2) {
    const value = new Set<unknown>([id])
    return { value, link: (other) => void value.add(other) }
  }
  const value: Record<string, unknown> = { id }
  return { value, link: (other) => void (value[`link ${Object.keys(value).length}`] = other) }
}

/** The objects of a graph in the order in which they are first reached, each as the numbers of those in it. */
function outline(root: object): unknown[] {
  const numbers = new Map<object, number>([[root, 0]])
  const lists: unknown[] = []
  for (const object of numbers.keys()) {
    const inside = contentsOf(object)
    lists.push(
      inside.map((each) => {
        if (typeof each !== 'object' || each === null) return String(each)
        if (!numbers.has(each)) numbers.set(each, numbers.size)
        return numbers.get(each)
      }),
    )
  }
  return lists
}

function contentsOf(object: object): unknown[] {
  if (object instanceof Map) return [...object.keys(), ...object.values()] as unknown[]
  if (object instanceof Set) return [...object.values()] as unknown[]
  return Object.values(object)
}
