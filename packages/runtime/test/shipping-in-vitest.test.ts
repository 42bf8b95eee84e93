import { parse } from 'acorn'
import { afterAll, expect, test } from 'vitest'
import { increment } from './fixtures/shipping/lib/counter.ts'
import { Square } from './fixtures/shipping/lib/shapes.ts'
import { Remote } from './fixtures/shipping/remote.ts'
import { myid } from './fixtures/shipping/runtime-stub.ts'

const remote = new Remote()
const offset = 10

afterAll(() => remote[Symbol.dispose]())

test('functions of a test file can be sent with what they captured', async () => {
  const local = { deep: 5 }

  expect(await remote.call((x: number) => x + offset + local.deep, 1)).toBe(16)
})

test('functions of a test file can be sent with what it imports', async () => {
  const answer = await remote.call(() => [
    increment(2),
    new Square(3).describe(),
    parse('1', { ecmaVersion: 5 }).type,
    myid(),
  ])

  expect(answer).toEqual([2, 'Square of 9', 'Program', 2])
})

test('functions imported by a test file can be sent', async () => {
  expect(await remote.call(increment, 3)).toBe(5)
})
