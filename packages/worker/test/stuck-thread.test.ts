import { expect, test } from 'vitest'
import { answersInTime, ownThreadId, type ThreadUse, threadUse } from '../src/stuck-thread.ts'

const never = new Promise<true>(() => {})

/** What is seen at one look after another; the last of it from then on. */
function seen(uses: readonly (ThreadUse | undefined)[]): () => ThreadUse | undefined {
  let look = 0
  return () => uses[Math.min(look++, uses.length - 1)]
}

test('answersInTime() is true when the thread answers', async () => {
  expect(await answersInTime(Promise.resolve(true), { graceMs: 10, use: () => undefined })).toBe(true)
})

test('answersInTime() is false once the thread has computed for the grace', async () => {
  const use = seen([0, 4, 8, 12].map((cpuMs) => ({ cpuMs, isAsleep: false })))
  expect(await answersInTime(never, { graceMs: 10, use })).toBe(false)
})

test('answersInTime() waits for a thread that gets no turn', async () => {
  let looks = 0
  const answered = Promise.withResolvers<true>()
  const use = (): ThreadUse => {
    if (++looks === 30) answered.resolve(true)
    return { cpuMs: 3, isAsleep: false }
  }
  expect(await answersInTime(answered.promise, { graceMs: 2, use })).toBe(true)
})

test('answersInTime() is false for a thread that sleeps in a system call', async () => {
  expect(await answersInTime(never, { graceMs: 10, use: () => ({ cpuMs: 1, isAsleep: true }) })).toBe(false)
})

test('answersInTime() counts the time where the system does not say', async () => {
  expect(await answersInTime(never, { graceMs: 10, use: () => undefined })).toBe(false)
})

test('threadUse() tells what this thread computes', () => {
  const id = ownThreadId()
  const before = threadUse(id)
  const used = (): number => (threadUse(id)?.cpuMs ?? 0) - (before?.cpuMs ?? 0)
  // On a busy machine this thread computes in a small part of the time that passes.
  const end = performance.now() + 10_000
  while (used() <= 5 && performance.now() < end);
  const after = threadUse(id)
  expect(used()).toBeGreaterThan(5)
  expect(after?.isAsleep).toBe(false)
  expect(threadUse(undefined)).toBeUndefined()
  expect(threadUse(2 ** 22 + 1)).toBeUndefined()
})
