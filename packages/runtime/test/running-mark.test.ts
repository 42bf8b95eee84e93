import { expect, test } from 'vitest'
import { RunningMark } from '../src/running-mark.ts'

test('RunningMark says in another thread which call runs', () => {
  const mark = new RunningMark()
  const there = new RunningMark(mark.memory)
  mark.callId = 7
  expect([there.callId, there.mayBeBusyWith(7), there.mayBeBusyWith(8)]).toEqual([7, true, false])
  mark.callId = undefined
  expect(there.callId).toBeUndefined()
})

test('RunningMark: a call that has begun may keep the thread busy after an await, one that has not cannot', () => {
  const mark = new RunningMark()
  mark.callId = 7
  mark.callId = undefined
  expect([mark.mayBeBusyWith(7), mark.mayBeBusyWith(8)]).toEqual([true, false])
})

test('RunningMark takes any call for possible once it has forgotten some', () => {
  const mark = new RunningMark()
  for (let id = 1; id <= 64; id++) mark.callId = id
  mark.callId = undefined
  expect([mark.mayBeBusyWith(1), mark.mayBeBusyWith(999)]).toEqual([true, false])
  mark.callId = 65
  mark.callId = undefined
  expect([mark.mayBeBusyWith(1), mark.mayBeBusyWith(999)]).toEqual([true, true])
})

test('RunningMark tells which calls began, of many the latest', () => {
  const mark = new RunningMark()
  for (const id of [7, 9]) mark.callId = id
  expect(mark.begun).toEqual([7, 9])
  for (let id = 101; id <= 164; id++) mark.callId = id
  expect(mark.begun.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 64 }, (_, at) => 101 + at))
})

test('RunningMark tells the highest call of each range that ever began, in whatever order they did', () => {
  const mark = new RunningMark()
  const ofRange = (range: number, id: number): number => range * 2 ** 32 + id
  for (const id of [ofRange(0, 500), ofRange(2, 9), ofRange(66, 3)]) mark.callId = id
  for (let id = 1; id <= 64; id++) mark.callId = id
  // Ranges 2 and 66 share a place.
  expect(mark.highest.slice(0, 4)).toEqual([500, 0, ofRange(66, 3), 0])
})

test('RunningMark has calls not begin that were withdrawn elsewhere, of many the latest', () => {
  const mark = new RunningMark()
  const there = new RunningMark(mark.memory)
  expect(mark.isWithdrawn(7)).toBe(false)
  for (let id = 7; id < 71; id++) there.withdraw(id)
  expect([6, 7, 70, 71].map((id) => mark.isWithdrawn(id))).toEqual([false, true, true, false])
  there.withdraw(71)
  expect([7, 71].map((id) => mark.isWithdrawn(id))).toEqual([false, true])
  expect([mark.begun, mark.highest.every((id) => id === 0)]).toEqual([[], true])
})
