import { expect, test } from 'vitest'
import { atScriptEnd, notAtScriptEnd } from '../src/kubernetes/script-end.ts'

test('atScriptEnd() calls each task with one listener, until it is taken away', () => {
  const before = process.listenerCount('beforeExit')
  const called: number[] = []
  const tasks = Array.from({ length: 12 }, (_, n) => () => {
    called.push(n)
    if (n === 0) for (const task of tasks.slice(0, 11)) notAtScriptEnd(task)
  })
  for (const task of [...tasks, ...tasks]) atScriptEnd(task)
  expect(process.listenerCount('beforeExit')).toBe(before + 1)

  process.emit('beforeExit', 0)
  process.emit('beforeExit', 0)
  expect(called).toEqual([0, 11, 11])

  for (const task of tasks) notAtScriptEnd(task)
  expect(process.listenerCount('beforeExit')).toBe(before)
})
