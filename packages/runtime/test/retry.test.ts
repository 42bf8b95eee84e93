import { expect, test } from 'vitest'
import { exponentialBackOff, retry } from '../src/retry.ts'
import { ManualClock } from './manual-clock.ts'

const middle = () => 0.5

test('exponentialBackOff() gives one delay of 50 ms by default', () => {
  expect(exponentialBackOff()).toEqual([0.05])
})

test('exponentialBackOff() multiplies, and stops growing at the longest delay', () => {
  const delays = exponentialBackOff({ n: 5, firstDelay: '100ms', maxDelay: 2, factor: 4 }, middle)
  expect(delays).toEqual([0.1, 0.4, 1.6, 2, 2])
})

test.each([
  [0, [1, 1.6]],
  [1, [1, 2.4]],
])('exponentialBackOff() varies the factor by its jitter (random: %i)', (random, delays) => {
  const options = { n: 2, firstDelay: 1, factor: 2, jitter: 0.2 }
  expect(exponentialBackOff(options, () => random).map((s) => Number(s.toFixed(6)))).toEqual(delays)
})

test.each([
  [{ n: -1 }, RangeError, '-1'],
  [{ n: 1.5 }, RangeError, '1.5'],
  [{ jitter: 2 }, RangeError, '2'],
  [{ factor: Number.NaN }, RangeError, 'NaN'],
  [{ firstDelay: 'soon' }, TypeError, 'soon'],
  [{ delay: 1 }, TypeError, 'delay'],
])('exponentialBackOff(%o) is refused', (options, kind, text) => {
  // The cast: what a caller without types could pass.
  const make = (): unknown => exponentialBackOff(options as object)
  expect(make).toThrow(kind)
  expect(make).toThrow(text)
})

test('retry() calls again after each delay, with the same arguments', async () => {
  const clock = new ManualClock()
  const calls: [string, number][] = []
  const flaky = (name: string): string => {
    calls.push([name, clock.now()])
    if (calls.length < 3) throw new Error('not yet')
    return 'done'
  }
  const result = retry(flaky, { delays: ['100ms', 2, 3] }, clock)('a')
  await clock.passUntil(result)
  expect(await result).toBe('done')
  expect(calls).toEqual([
    ['a', 0],
    ['a', 100],
    ['a', 2_100],
  ])
})

test('retry() rejects with what the last attempt threw', async () => {
  let attempts = 0
  const fn = retry(
    async () => {
      throw new Error(`attempt ${++attempts}`)
    },
    { delays: [0, 0] },
  )
  await expect(fn()).rejects.toThrow('attempt 3')
})

test('retry() asks check only while there is a delay left', async () => {
  const seen: number[] = []
  const check = (_error: unknown, { attempt }: { attempt: number }): boolean => seen.push(attempt) > 0
  const fn = retry(() => Promise.reject(new Error('no')), { delays: [0, 0], check })
  await expect(fn()).rejects.toThrow('no')
  expect(seen).toEqual([1, 2])
})

test('retry() stops when check says no', async () => {
  let attempts = 0
  const fn = retry(
    () => {
      attempts++
      throw new TypeError('no')
    },
    { delays: [0, 0], check: (error) => !(error instanceof TypeError) },
  )
  await expect(fn()).rejects.toThrow(TypeError)
  expect(attempts).toBe(1)
})

test.each([
  [{ delays: '1s' }, TypeError, "'1s'"],
  [{ delays: [1, -1] }, RangeError, 'delays[1] must be at least 0 and finite: -1'],
  [{ check: 1 }, TypeError, '1'],
  [{ tries: 1 }, TypeError, 'tries'],
])('retry() refuses %o', (options, kind, text) => {
  // The cast: what a caller without types could pass.
  const make = (): unknown => retry(() => 1, options as object)
  expect(make).toThrow(kind)
  expect(make).toThrow(text)
})

test('retry() refuses delays that never end', () => {
  const endless = {
    *[Symbol.iterator]() {
      for (;;) yield 0
    },
  }
  expect(() => retry(() => 1, { delays: endless })).toThrow('delays must come to an end')
})
