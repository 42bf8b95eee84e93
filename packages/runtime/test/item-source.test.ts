import { expect, test } from 'vitest'
import { openSource } from '../src/item-source.ts'
import { CountedInput } from './counted-input.ts'
import { ManualClock } from './manual-clock.ts'

const deaf = { onReady() {}, onFailure() {} }
const open = (items: unknown) => openSource(items, deaf, new ManualClock())

test('openSource() takes from an array without gaps, also where it has holes', () => {
  const holed: number[] = [1]
  holed[2] = 3
  const source = open(holed)
  expect(source.take(5)).toEqual([1, undefined, 3])
  expect([source.total, source.isDone, source.isInMemory]).toEqual([3, true, true])
})

test.each([
  ['a typed array', new Float32Array([1, 2, 3]), 3],
  ['a set', new Set([1, 2, 3]), 3],
  ['a generator', [1, 2, 3].values(), undefined],
])('openSource() reads %s', (_name, items, total) => {
  const source = open(items)
  expect([source.take(2), source.take(2), source.take(2)]).toEqual([[1, 2], [3], undefined])
  expect([source.total, source.isDone]).toEqual([total, true])
})

test('openSource() pulls from an iterator only what is taken', () => {
  const input = new CountedInput(10)
  const source = open(input.sync())
  source.prefetch(5)
  expect(input.pulled).toBe(0)
  source.take(3)
  expect(input.pulled).toBe(3)
})

test('close() calls return() once, and only before the end', () => {
  const early = new CountedInput(10)
  const source = open(early.sync())
  source.take(1)
  source.close()
  source.close()
  const late = new CountedInput(1)
  const finished = open(late.sync())
  finished.take(2)
  finished.close()
  expect([early.closed, late.closed, source.take(1), source.isDone]).toEqual([1, 0, undefined, true])
})

test('close() waits with return() while the generator is running', () => {
  let isClosed = false
  function* input(): Generator<number> {
    try {
      source.close()
      yield 1
      yield 2
    } finally {
      isClosed = true
    }
  }
  const source = open(input())
  expect(source.take(2)).toEqual([1])
  expect([isClosed, source.isDone]).toEqual([true, true])
})

test('take() throws what the input throws, after which it is done', () => {
  function* input(): Generator<number> {
    yield 1
    throw new Error('broken')
  }
  const source = open(input())
  source.take(1)
  expect(() => source.take(1)).toThrow('broken')
  expect(source.isDone).toBe(true)
})

test.each([5, undefined, null, {}, () => []])('openSource() refuses %o', (items) => {
  expect(() => open(items)).toThrow(TypeError)
  expect(() => open(items)).toThrow('items must be an iterable or an async iterable')
})

test('take() refuses what no iterator may give', () => {
  const source = open({ [Symbol.iterator]: () => ({ next: () => 5 }) })
  expect(() => source.take(1)).toThrow(new TypeError('An iterator of items must give objects: 5'))
  expect(source.isDone).toBe(true)
})
