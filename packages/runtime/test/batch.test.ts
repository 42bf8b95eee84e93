import { expect, test } from 'vitest'
import { EvenChunks, FixedSize, MeasuredSize } from '../src/batch.ts'

test.each([
  [11, 3, [4, 4, 3]],
  [3, 3, [1, 1, 1]],
  [10, 4, [3, 3, 2, 2]],
  [7, 1, [7]],
])('EvenChunks cuts %i items into %i chunks, larger ones first', (count, parts, sizes) => {
  const chunks = new EvenChunks(count, parts)
  expect(sizes.map(() => chunks.next())).toEqual(sizes)
})

test('FixedSize always takes its size', () => {
  const sizer = new FixedSize(7)
  sizer.record()
  expect([sizer.next(), sizer.isSteady]).toEqual([7, true])
})

test('MeasuredSize grows by 4 at most, up to what takes 50 ms', () => {
  const sizer = new MeasuredSize()
  const sizes: number[] = []
  for (let i = 0; i < 6; i++) {
    const size = sizer.next(undefined, 2)
    sizes.push(size)
    sizer.record(size, size * 0.025, i === 0)
  }
  expect(sizes).toEqual([8, 32, 128, 512, 2_000, 2_000])
  expect(sizer.isSteady).toBe(false)
})

test('MeasuredSize stops at 4,096 items', () => {
  const sizer = new MeasuredSize()
  for (let i = 0; i < 10; i++) sizer.record(sizer.next(undefined, 2), 0.1, i === 0)
  expect(sizer.next(undefined, 2)).toBe(4_096)
  expect(sizer.isSteady).toBe(true)
})

test('MeasuredSize falls to 1 for slow items', () => {
  const sizer = new MeasuredSize()
  const sizes: number[] = []
  for (let i = 0; i < 4; i++) {
    const size = sizer.next(undefined, 2)
    sizes.push(size)
    sizer.record(size, size * 1_000, i === 0)
  }
  expect(sizes).toEqual([8, 4, 1, 1])
})

test('MeasuredSize is not misled by the slow first call of a worker that joins late', () => {
  const sizer = new MeasuredSize()
  for (let i = 0; i < 6; i++) sizer.record(sizer.next(undefined, 2), 1, i === 0)
  const size = sizer.next(undefined, 2)
  sizer.record(8, 200, true)
  expect(sizer.next(undefined, 2)).toBe(size)
})

test('MeasuredSize leaves the other workers their share of what is left', () => {
  const sizer = new MeasuredSize()
  for (let i = 0; i < 4; i++) sizer.record(32, 32 * 0.4, i === 0)
  expect(sizer.next(undefined, 2)).toBe(125)
  expect([40, 20, 9, 1].map((remaining) => sizer.next(remaining, 2))).toEqual([10, 5, 3, 2])
})
