import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { ReferenceTable } from '../src/keeping/reference-table.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function createTable(): { table: ReferenceTable; released: number[] } {
  const released: number[] = []
  return { table: new ReferenceTable((refs) => void released.push(...refs)), released }
}

/** Waits until something was released that nobody let go of. */
async function collected(released: readonly number[], count: number): Promise<void> {
  while (released.length < count) {
    collectGarbage()
    await turn()
  }
}

test('ReferenceTable releases what was made here when its handle lets go', async () => {
  const { table, released } = createTable()
  const handle = {}
  table.adopt(70, handle, true)
  expect(table.find(70)).toBe(handle)
  table.letGo(70, handle)
  table.letGo(70, handle)
  await turn()
  expect(released).toEqual([70, 1])
  expect(table.find(70)).toBeUndefined()
  expect(table.size).toBe(0)
})

test('ReferenceTable releases at once all counts that arrived for one handle', async () => {
  const { table, released } = createTable()
  const handle = {}
  for (const body of [{}, {}, {}]) {
    table.arrived([2, 70, 3, 71], body)
    if (table.find(70) === undefined) table.adopt(70, handle, false)
    table.decoded(body)
  }
  table.letGo(70, handle)
  await turn()
  expect(released).toEqual([71, 1, 71, 1, 71, 1, 70, 3])
})

test('ReferenceTable holds what is in a body that is not decoded, although a handle has let go', async () => {
  const { table, released } = createTable()
  const [handle, body] = [{}, {}]
  table.adopt(70, handle, true)
  table.arrived([2, 70], body)
  table.letGo(70, handle)
  await turn()
  expect(released).toEqual([])
  table.decoded(body)
  await turn()
  expect(released).toEqual([70, 2])
})

test('ReferenceTable releases what nobody let go of when it is garbage: handles, and bodies that were never decoded', async () => {
  const { table, released } = createTable()
  const make = (): void => {
    table.adopt(70, {}, true)
    table.arrived([2, 71], {})
  }
  make()
  await collected(released, 4)
  expect(released.toSorted((a, b) => a - b)).toEqual([1, 1, 70, 71])
  expect(table.size).toBe(0)
})

test('ReferenceTable releases nothing for a handle whose place nobody counts', async () => {
  const { table, released } = createTable()
  const handle = {}
  table.adopt(70, handle, false)
  table.letGo(70, handle)
  await turn()
  expect(released).toEqual([])
})
