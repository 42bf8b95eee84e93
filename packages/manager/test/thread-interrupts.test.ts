import { Mailbox } from '@dialback/protocol'
import { RunningMark } from '@dialback/runtime'
import { expect, test } from 'vitest'
import type { WorkerConnection } from '../src/remote-worker.ts'
import { ThreadInterrupts } from '../src/thread-interrupts.ts'

const worker = 7 * 2 ** 32

/** Has the thread replaced for the sake of one call, after these have begun there. */
async function replacedAfter(begun: Iterable<number>, isOld = false): Promise<(call: number) => boolean> {
  const mark = new RunningMark()
  for (const id of begun) mark.callId = id
  const interrupts = new ThreadInterrupts()
  const thread = connection()
  const highest = isOld ? {} : { highest: mark.highest }
  const answer = { type: 'interrupted', id: 1, isReplaced: true, begun: mark.begun, ...highest } as const
  await interrupts.note(thread, 1, Promise.resolve(answer))
  return (call) => interrupts.neverBegan(thread, call)
}

test('ThreadInterrupts knows of each call whether it began while they were few', async () => {
  const neverBegan = await replacedAfter([5, 3, worker + 2])

  expect([3, 5, worker + 2].map(neverBegan)).toEqual([false, false, false])
  expect([1, 4, 6, worker + 1, worker + 3].map(neverBegan)).toEqual([true, true, true, true, true])
})

test('ThreadInterrupts takes no call that may have begun, however many did since, for one that never did', async () => {
  const long = Array.from({ length: 200 }, (_, n) => n + 1)
  const neverBegan = await replacedAfter([1_000, worker + 9, ...long])

  // These two are not among the latest, and all that are have lower ids.
  expect([1_000, worker + 9].map(neverBegan)).toEqual([false, false])
  expect([...long, 300, worker + 8].map(neverBegan)).not.toContain(true)
  expect([1_001, worker + 10].map(neverBegan)).toEqual([true, true])
})

test('ThreadInterrupts moves only what it knows of when a worker does not say which calls were the highest', async () => {
  const few = await replacedAfter([1, 2], true)
  const many = await replacedAfter(Array(64).keys(), true)

  expect([few(3), many(100)]).toEqual([true, false])
})

test('ThreadInterrupts moves nothing when all that ran was interrupted', async () => {
  const interrupts = new ThreadInterrupts()
  const thread = connection()
  const answer = { type: 'interrupted', id: 1, isReplaced: true } as const

  await interrupts.note(thread, undefined, Promise.resolve(answer))

  expect(interrupts.neverBegan(thread, 5)).toBe(false)
  expect(interrupts.reasonFor(thread)).toMatchObject({ name: 'AbortError' })
})

function connection(): WorkerConnection {
  const mailbox = new Mailbox({ nextStream: () => 1, events: { message() {}, detached() {}, violated() {} } })
  return { name: 'thread 0.0', mailbox, range: 7, thread: { index: 0, generation: 0 }, memory: undefined }
}
