/** Random sequences in which threads are replaced and workers told to end, while calls wait there: nothing runs twice. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { startCluster } from '../test-cluster.ts'
import { commandsOf } from './commands.ts'
import { handles, referencesLeft, runSequence } from './run-sequence.ts'
import { threadKinds } from './thread-commands.ts'
import { runsSoFar } from './thread-functions.ts'

const sequences = Number(process.env['DIALBACK_MODEL_SEQUENCES'] ?? 20)

test(`${sequences} random sequences with threads that never yield: all settles, right, and nothing runs twice`, {
  timeout: 30_000 * sequences,
}, async () => {
  const handlesBefore = handles()
  {
    await using started = await startCluster(2, { threads: 2 })
    await fc.assert(
      fc.asyncProperty(fc.commands(commandsOf(threadKinds), { maxCommands: 12 }), async (commands) => {
        await runSequence(started, commands)
        const twice = [...runsSoFar()].filter(([, times]) => times > 1)
        expect(twice).toEqual([])
      }),
      { numRuns: sequences, endOnFailure: true },
    )
    await expect.poll(() => referencesLeft(started), { timeout: 20_000 }).toBe(0)
  }
  await expect.poll(handles, { timeout: 10_000 }).toEqual(handlesBefore)
})
