/** Runs one sequence of commands, and looks whether all of it came to what it may come to. */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { RemoteChannel } from '@dialback/manager'
import fc from 'fast-check'
import { expect } from 'vitest'
import { makeManager } from '../contract/local-manager.ts'
import type { TestCluster } from '../test-cluster.ts'
import { abortAll, type Real } from './commands.ts'
import type { Model } from './model.ts'
import { Operations } from './operations.ts'

/** Runs it on the cluster as the one before has left it. */
export async function runSequence(
  started: TestCluster,
  commands: Iterable<fc.AsyncCommand<Model, Real>>,
): Promise<void> {
  const { cluster, env } = started
  const operations = new Operations(cluster)
  const channel = RemoteChannel.createOver<number>(cluster.peer, { capacity: Number.POSITIVE_INFINITY })
  const controllers: AbortController[] = []
  const real: Real = { operations, channel, puts: [], makeManager, env, controllers }
  const model: Model = { workers: cluster.workers().length, queued: 0, turn: 0 }
  await fc.asyncModelRun(() => ({ model, real }), commands)
  abortAll(real)
  await Promise.allSettled(real.puts)
  // Takes whose value was lost with a worker end here.
  await channel.close()
  const problems = await operations.problems()
  channel.release()
  if (cluster.workers().length < 2 || cluster.workers()[0] === 1) await cluster.addProcs(2, { env })
  await expect.poll(() => cluster.peer.pendingCount, { timeout: 10_000 }).toBe(0)
  expect(problems).toEqual([])
}

/** How many futures and channels this process knows of. */
export function referencesLeft({ cluster }: TestCluster): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return cluster.peer.values.references.size
}

/** What keeps this process alive: sockets, child processes, timers. */
export function handles(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => !name.startsWith('FS'))
    .toSorted()
}
