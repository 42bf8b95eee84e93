import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ClaimTable, claimSlots } from '../src/claim-table.ts'

const first = { slot: 3, generation: 3 }
const second = { slot: 3, generation: 3 + claimSlots }

test('ClaimTable lets a call start that nobody took back', () => {
  const table = new ClaimTable()
  expect(table.start(first)).toBe(true)
  expect(table.takeBack(first)).toBe(false)
})

test('ClaimTable lets no call start that was taken back, however often it is asked', () => {
  const table = new ClaimTable()
  expect(table.takeBack(first)).toBe(true)
  expect(table.takeBack(first)).toBe(true)
  expect(table.start(first)).toBe(false)
  expect(table.takeBack(first)).toBe(true)
})

test('ClaimTable starts no call twice', () => {
  const table = new ClaimTable()
  expect(table.start(first)).toBe(true)
  expect(table.start(first)).toBe(false)
})

test.each([
  ['started', (table: ClaimTable) => table.start(first)],
  ['was taken back', (table: ClaimTable) => table.takeBack(first)],
])('ClaimTable gives the slot of a call that %s to the next', (_, end) => {
  const [started, taken] = [new ClaimTable(), new ClaimTable()]
  end(started)
  expect(started.start(second)).toBe(true)
  end(taken)
  expect(taken.takeBack(second)).toBe(true)
  expect(taken.start(second)).toBe(false)
})

test('ClaimTable knows nothing of a call whose slot was used again', () => {
  const table = new ClaimTable()
  table.start(second)
  expect(table.start(first)).toBe(false)
  expect(table.takeBack(first)).toBe(false)
})

test('ClaimTable keeps slots apart', () => {
  const table = new ClaimTable()
  table.takeBack({ slot: 0, generation: claimSlots })
  expect(table.start({ slot: 1, generation: 1 })).toBe(true)
  expect(table.start({ slot: claimSlots - 1, generation: claimSlots - 1 })).toBe(true)
})

test('ClaimTable decides each call once, whichever side asks first, also when slots are used again', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: claimSlots, maxLength: 1_000 }), (order) => {
      const thread = new ClaimTable()
      const agent = new ClaimTable(thread.memory)
      for (const [i, isThreadFirst] of order.entries()) {
        const claim = { slot: (i + 1) % claimSlots, generation: i + 1 }
        const isTaken = isThreadFirst ? undefined : agent.takeBack(claim)
        expect(thread.start(claim)).toBe(isThreadFirst)
        expect(isTaken ?? agent.takeBack(claim)).toBe(!isThreadFirst)
      }
    }),
    { numRuns: 20 },
  )
})

test('ClaimTable never says both, when two threads ask at once', async () => {
  const table = new ClaimTable()
  const count = 200_000
  const ready = new SharedArrayBuffer(4)
  const worker = new Worker(new URL('fixtures/take-back.ts', import.meta.url), {
    workerData: { memory: table.memory, ready, count },
  })
  const answered = once(worker, 'message') as Promise<[Uint8Array]>
  Atomics.wait(new Int32Array(ready), 0, 0)
  const started = new Uint8Array(count)
  for (let generation = 1; generation < count; generation++) {
    started[generation] = Number(table.start({ slot: generation % claimSlots, generation }))
  }
  const [taken] = await answered
  let both = 0
  for (let generation = 1; generation < count; generation++)
    if (started[generation] === 1 && taken[generation] === 1) both += 1
  expect(both).toBe(0)
})
