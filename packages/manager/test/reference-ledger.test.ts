import { expect, test } from 'vitest'
import { ReferenceLedger } from '../src/reference-ledger.ts'

/** A ledger, and what was freed as `owner:ref`, once a turn has passed. */
function createLedger(): { ledger: ReferenceLedger; freed: () => Promise<string[]> } {
  const freed: string[] = []
  const ledger = new ReferenceLedger(
    (owner, refs) => void freed.push(...refs.map((ref) => `${owner}:${ref}`)),
  )
  return {
    ledger,
    freed: async () => {
      await Promise.resolve()
      return freed.splice(0)
    },
  }
}

test('ReferenceLedger frees what its only holder has released', async () => {
  const { ledger, freed } = createLedger()
  ledger.passes({ type: 'open', to: 2, ref: 70 }, 5, 6)
  expect(await freed()).toEqual([])
  ledger.release([70, 1], 5)
  expect(await freed()).toEqual(['2:70'])
  expect(ledger.size).toBe(0)
})

test('ReferenceLedger keeps what a message has taken to another holder, until that has released it too', async () => {
  const { ledger, freed } = createLedger()
  ledger.passes({ type: 'open', to: 2, ref: 70 }, 5, 6)
  ledger.passes({ type: 'result', id: 1, handles: [2, 70] }, 5, 8)
  ledger.release([70, 1], 5)
  expect(await freed()).toEqual([])
  ledger.release([70, 1], 8)
  expect(await freed()).toEqual(['2:70'])
})

test('ReferenceLedger counts each time: what was released may be on its way once more', async () => {
  const { ledger, freed } = createLedger()
  for (let i = 0; i < 3; i++) ledger.passes({ type: 'result', id: i, handles: [2, 70] }, 5, 8)
  ledger.release([70, 2], 8)
  expect(await freed()).toEqual([])
  ledger.release([70, 1], 8)
  expect(await freed()).toEqual(['2:70'])
})

test('ReferenceLedger frees what was held by somebody who is gone', async () => {
  const { ledger, freed } = createLedger()
  ledger.hold([2, 70, 3, 71], 8)
  ledger.hold([3, 71], 9)
  ledger.holderGone(8)
  expect(await freed()).toEqual(['2:70'])
  ledger.holderGone(9)
  expect(await freed()).toEqual(['3:71'])
})

test('ReferenceLedger frees the value of a call only when the call has ended', async () => {
  const { ledger, freed } = createLedger()
  const call = { type: 'call', id: 4, to: 2, fn: 'f', keep: 70 } as const
  ledger.passes(call, 5, 6)
  ledger.passes({ type: 'unknown', id: 4 }, 6, 5)
  ledger.passes(call, 5, 6)
  ledger.release([70, 1], 5)
  expect(await freed()).toEqual([])
  ledger.passes({ type: 'result', id: 4 }, 6, 5)
  expect(await freed()).toEqual(['2:70'])
  expect(ledger.size).toBe(0)
})

test('ReferenceLedger keeps the value of a call that has ended while somebody holds it', async () => {
  const { ledger, freed } = createLedger()
  ledger.passes({ type: 'call', id: 4, to: 2, fn: 'f', keep: 70 }, 5, 6)
  ledger.ended(4)
  expect(await freed()).toEqual([])
  ledger.release([70, 1], 5)
  expect(await freed()).toEqual(['2:70'])
})

test('ReferenceLedger forgets all of an owner that is gone', async () => {
  const { ledger, freed } = createLedger()
  ledger.passes({ type: 'call', id: 4, to: 2, fn: 'f', keep: 70 }, 5, 6)
  ledger.hold([2, 71, 3, 72], 5)
  ledger.ownerGone(2)
  ledger.release([70, 1, 71, 1, 72, 1, 99, 1], 5)
  expect(await freed()).toEqual(['3:72'])
  expect(ledger.size).toBe(0)
})

test('ReferenceLedger tells all that is free of one owner at once', async () => {
  const told: number[] = []
  const ledger = new ReferenceLedger((_, refs) => void told.push(refs.length))
  for (let ref = 1; ref <= 25_000; ref++) ledger.hold([2, ref], 5)
  ledger.holderGone(5)
  await Promise.resolve()
  expect(told).toEqual([10_000, 10_000, 5_000])
})
