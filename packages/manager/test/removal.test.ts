import { expect, test } from 'vitest'
import { inTurns } from '../src/removal.ts'

test('inTurns() begins with all in their order, a few in each turn of the event loop', async () => {
  const begun: number[] = []
  let [inThisTurn, most] = [0, 0]
  const all = Array.from({ length: 100 }, (_, n) => n)
  await inTurns(all, async (n) => {
    begun.push(n)
    if (inThisTurn === 0) setImmediate(() => (inThisTurn = 0))
    inThisTurn += 1
    most = Math.max(most, inThisTurn)
    await Promise.resolve()
  })
  expect(begun).toEqual(all)
  expect(most).toBe(8)
})

test('inTurns() waits for all, and not for one before the next', async () => {
  const first = Promise.withResolvers<void>()
  const begun: number[] = []
  await inTurns([1, 2, 3], async (n) => {
    begun.push(n)
    if (n === 3) first.resolve()
    await first.promise
  })
  expect(begun).toEqual([1, 2, 3])
})
