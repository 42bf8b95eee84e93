import { expect, test } from 'vitest'
import { LineLimiter } from '../src/kubernetes/line-limiter.ts'

const limits = { linesPerSecond: 10, charactersPerSecond: 100 }

test('LineLimiter lets a burst through, then leaves lines out, and says how many', () => {
  const limiter = new LineLimiter(0, limits)
  const shown = Array.from({ length: 100 }, () => limiter.take('x', 0)).flat()
  expect(shown).toEqual(Array(30).fill('x'))
  expect(limiter.take('y', 499)).toEqual([])
  expect(limiter.take('z', 600)).toEqual(['[71 lines were left out: they came too fast]', 'z'])
})

test('LineLimiter counts characters too', () => {
  const limiter = new LineLimiter(0, limits)
  expect(limiter.take('x'.repeat(1_000), 0)).toHaveLength(1)
  expect(limiter.take('y', 0)).toEqual([])
  expect(limiter.take('z', 8_000)).toEqual(['[1 line was left out: they came too fast]', 'z'])
})

test('LineLimiter lets all through that comes at a bearable rate', () => {
  const limiter = new LineLimiter(0, limits)
  const shown = Array.from({ length: 1_000 }, (_, index) => limiter.take('x', index * 100)).flat()
  expect(shown).toHaveLength(1_000)
})

test('LineLimiter tells in the end of what was left out last', () => {
  const limiter = new LineLimiter(0, limits)
  for (let index = 0; index < 31; index++) limiter.take('x', 0)
  expect(limiter.flush()).toEqual(['[1 line was left out: they came too fast]'])
  expect(limiter.flush()).toEqual([])
})
