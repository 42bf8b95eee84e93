import { expect, test } from 'vitest'
import { Fifo } from '../src/fifo.ts'

test('Fifo gives elements in the order in which they came', () => {
  const fifo = new Fifo<number>()
  const out: (number | undefined)[] = []
  for (let i = 0; i < 100; i++) {
    fifo.push(2 * i)
    fifo.push(2 * i + 1)
    out.push(fifo.shift())
  }
  expect(fifo.length).toBe(100)
  expect(fifo.peek()).toBe(100)
  while (fifo.length > 0) out.push(fifo.shift())
  expect(out).toEqual(Array.from({ length: 200 }, (_, i) => i))
})

test('Fifo.shift() gives undefined when it is empty, and goes on', () => {
  const fifo = new Fifo<string>()
  expect(fifo.shift()).toBeUndefined()
  fifo.push('a')
  expect([fifo.shift(), fifo.length]).toEqual(['a', 0])
})
