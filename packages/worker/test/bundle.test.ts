import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { agentEntry } from '../src/bundle.ts'

test('agentEntry() can be read by whoever can read what is around it, and not only by who was first', async () => {
  const directory = dirname(await agentEntry())
  expect(statSync(directory).mode).toBe(statSync(dirname(directory)).mode)
})
