/** Keeps workers from starting workers before they are any: a module that `NODE_OPTIONS` preloads runs in them as well. */

import { LaunchError } from '@dialback/protocol'

/** Names the worker that a process is to be, until its agent runs: what preloads may be told by it, and nobody else is. */
export const startingWorkerVariable = 'DIALBACK_STARTING_WORKER'

/** @throws {LaunchError} in a process that is to be a worker: each worker would start further ones, without end. */
export function refuseInStartingWorker(env: Readonly<Record<string, string | undefined>>): void {
  const name = env[startingWorkerVariable]
  if (name === undefined) return
  throw new LaunchError(
    `Cannot launch workers here: this process is to be worker ${name} itself, and NODE_OPTIONS makes it run a module that launches workers; let that module ask whether process.env.${startingWorkerVariable} is set`,
    [],
  )
}
