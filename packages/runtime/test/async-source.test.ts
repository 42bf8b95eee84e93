import { expect, test } from 'vitest'
import { openSource } from '../src/item-source.ts'
import { CountedInput } from './counted-input.ts'
import { Gates } from './gates.ts'
import { ManualClock } from './manual-clock.ts'
import { settle } from './simulated-cluster.ts'

function opened(items: AsyncIterable<unknown>) {
  const heard: unknown[] = []
  const clock = new ManualClock()
  const listener = { onReady: () => heard.push('ready'), onFailure: (error: unknown) => heard.push(error) }
  return { source: openSource(items, listener, clock), clock, heard }
}

test('AsyncSource says when what was wanted is there', async () => {
  const { source, heard } = opened(new CountedInput(3).async())
  expect(source.take(2)).toBeUndefined()
  await settle()
  expect(heard).toEqual(['ready'])
  expect(source.take(2)).toEqual([0, 1])
})

test('AsyncSource reads no more than is wanted', async () => {
  const input = new CountedInput()
  const { source } = opened(input.async())
  source.take(2)
  await settle()
  source.take(2)
  await settle()
  expect(input.pulled).toBe(2)
  source.prefetch(3)
  await settle()
  expect(input.pulled).toBe(5)
})

test('AsyncSource gives what is left at the end, and is then done', async () => {
  const { source, heard } = opened(new CountedInput(1).async())
  source.take(2)
  await settle()
  expect(source.isDone).toBe(false)
  expect([source.take(2), source.take(2), source.isDone]).toEqual([[0], undefined, true])
  expect(heard).toEqual(['ready'])
})

test('AsyncSource gives a part of a batch when the rest takes its time', async () => {
  const gates = new Gates()
  async function* input(): AsyncGenerator<unknown> {
    yield 'first'
    yield gates.pass(1)
  }
  const { source, clock, heard } = opened(input())
  source.take(2)
  await clock.advance(9)
  expect(heard).toEqual([])
  await clock.advance(1)
  expect(heard).toEqual(['ready'])
  expect(source.take(2)).toEqual(['first'])
})

test('AsyncSource passes on what the input throws', async () => {
  async function* input(): AsyncGenerator<number> {
    yield 1
    throw new Error('broken')
  }
  const { source, heard } = opened(input())
  source.take(2)
  await settle()
  expect(heard).toEqual([new Error('broken')])
})

test('AsyncSource passes on what next() throws synchronously', async () => {
  const input = {
    [Symbol.asyncIterator]: () => ({
      next(): Promise<IteratorResult<number>> {
        throw new Error('broken')
      },
    }),
  }
  const { source, heard } = opened(input)
  source.take(2)
  expect(heard).toEqual([new Error('broken')])
})

test('AsyncSource.close() calls return() without waiting for a pending next()', async () => {
  const input = new CountedInput()
  const { source, clock, heard } = opened(input.async())
  source.take(1)
  source.close()
  await settle()
  expect([input.closed, heard, clock.pending, source.isDone]).toEqual([1, [], 0, true])
})

test('AsyncSource refuses what no iterator may give', async () => {
  const items = { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve('item') }) }
  const { source, heard } = opened(items as unknown as AsyncIterable<unknown>)
  source.take(1)
  await settle()
  expect(heard).toEqual([new TypeError("An iterator of items must give objects: 'item'")])
})
