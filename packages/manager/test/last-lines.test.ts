import { expect, test } from 'vitest'
import { LastLines } from '../src/last-lines.ts'

test('LastLines keeps the last twenty, oldest first', () => {
  const lines = new LastLines()
  expect(lines.all).toEqual([])
  for (let n = 1; n <= 25; n++) lines.add(`line ${n}`)
  expect(lines.all).toEqual(Array.from({ length: 20 }, (_, i) => `line ${i + 6}`))
})

test('LastLines cuts a line that is too long', () => {
  const lines = new LastLines()
  lines.add('x'.repeat(100_000))
  expect(lines.all).toEqual(['x'.repeat(2_000)])
})

test('LastLines.all does not change any more once it was given', () => {
  const lines = new LastLines()
  lines.add('first')
  const { all } = lines
  lines.add('second')
  expect(all).toEqual(['first'])
})
