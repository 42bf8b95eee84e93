import { expect, test } from 'vitest'
import type { AnyFunction } from '../src/caller.ts'
import type { Definition } from '../src/definition-store.ts'
import { FunctionCopies } from '../src/function-copies.ts'

const mib = 1024 * 1024

/** A function of which each copy is another one, unless what was sent is `isLost`. */
function definitionOf(bytes: number, { isLost = false } = {}): Definition {
  const make = (): AnyFunction => () => bytes
  return { fn: make(), bytes, slowestMs: 0, ...(!isLost && { remake: make }) }
}

/** Gives the copies of one function, by number. */
function copiesOf(definition: Definition, copies = new FunctionCopies()): (copy: number) => AnyFunction {
  return (copy) => copies.get({ fn: 'f', copy }, definition)
}

test('FunctionCopies gives calls of one number one copy, and each of number 0 one of its own', () => {
  const copyOf = copiesOf(definitionOf(1))
  const [a, b, alone, another] = [7, 8, 0, 0].map(copyOf)
  expect(new Set([a, b, alone, another]).size).toBe(4)
  expect(copyOf(7)).toBe(a)
  expect(copyOf(8)).toBe(b)
})

test('FunctionCopies gives a call without a number the function itself', () => {
  const definition = definitionOf(1)
  expect(new FunctionCopies().get({ fn: 'f' }, definition)).toBe(definition.fn)
})

test('FunctionCopies makes no second copy where what was sent is not kept, until it is sent again', () => {
  const copies = new FunctionCopies()
  const [former, latter] = [definitionOf(1, { isLost: true }), definitionOf(1, { isLost: true })]
  const [formerOf, latterOf] = [copiesOf(former, copies), copiesOf(latter, copies)]
  expect([formerOf(7), formerOf(0)]).toEqual([former.fn, former.fn])
  expect(latterOf(8)).toBe(latter.fn)
  expect(latterOf(7)).toBe(former.fn)
})

test('FunctionCopies gives no function for another one that has the same number', () => {
  const copies = new FunctionCopies()
  const [mine, theirs] = [definitionOf(1), definitionOf(1)]
  expect(copies.get({ fn: 'theirs', copy: 7 }, theirs)).toBe(theirs.fn)
  expect(copies.get({ fn: 'mine', copy: 7 }, mine)).toBe(mine.fn)
})

test('FunctionCopies drops what was used least recently when there is too much, but for the last one', () => {
  const copies = new FunctionCopies()
  const copyOf = copiesOf(definitionOf(2 * 30 * mib), copies)
  const [a, b] = [1, 2].map(copyOf)
  expect(copyOf(1)).toBe(a)
  const c = copyOf(3)
  expect(copyOf(1)).toBe(a)
  expect(copyOf(3)).toBe(c)
  expect(copyOf(2)).not.toBe(b)
  const largeOf = copiesOf(definitionOf(2 * 100 * mib), copies)
  expect(largeOf(4)).toBe(largeOf(4))
})
