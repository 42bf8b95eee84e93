import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { LastLines } from '../src/last-lines.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

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

test('LastLines keeps nothing of what it has cut off', () => {
  const heapUsed = (): number => {
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  const before = heapUsed()
  const workers = Array.from({ length: 20 }, () => new LastLines())
  // Each a string of its own, as a decoder makes them.
  for (const lines of workers) for (let n = 0; n < 20; n++) lines.add(Buffer.alloc(2 ** 16, 'x').toString())
  const grown = heapUsed() - before

  expect(workers.flatMap((lines) => lines.all)).toHaveLength(400)
  // 25 MiB came.
  expect(grown).toBeLessThan(4 * 2 ** 20)
})

test('LastLines cuts a character in two rather than keep more', () => {
  const lines = new LastLines()
  lines.add('x'.repeat(1_999) + '😀')
  expect(lines.all).toEqual(['x'.repeat(1_999) + '\ud83d'])
})

test('LastLines.all does not change any more once it was given', () => {
  const lines = new LastLines()
  lines.add('first')
  const { all } = lines
  lines.add('second')
  expect(all).toEqual(['first'])
})
