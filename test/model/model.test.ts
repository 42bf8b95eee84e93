/** Random sequences of everything that can be done at once, against what must hold whatever the sequence. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { startCluster } from '../test-cluster.ts'
import { commandsOf, kinds } from './commands.ts'
import { handles, referencesLeft, runSequence } from './run-sequence.ts'

const sequences = 300

test(`${sequences} random sequences: all settles, once, and right, and nothing is left`, {
  timeout: 600_000,
}, async () => {
  const handlesBefore = handles()
  {
    await using started = await startCluster(2)
    await fc.assert(
      fc.asyncProperty(fc.commands(commandsOf(kinds), { maxCommands: 10 }), async (commands) => {
        await runSequence(started, commands)
      }),
      { numRuns: sequences, endOnFailure: true },
    )
    // Futures and channels that nobody holds any more: the last of them once they are collected.
    await expect.poll(() => referencesLeft(started), { timeout: 20_000 }).toBe(0)
  }
  await expect.poll(handles, { timeout: 10_000 }).toEqual(handlesBefore)
})
