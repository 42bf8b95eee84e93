/**
 * Which workers `addProcs()` means when it is not told: those that the command line asked for, else what the environment says,
 * else one for each core. So that a script runs unchanged however it is started.
 */

import { describe } from '@dialback/protocol'

/** What `dialback run` has done for its script, whose own copy of this package may be another one than the command's. */
export interface CommandLineWorkers {
  /** How many it was asked for. */
  readonly count: number
  /** Those that it has started, until the script asks for them. */
  started: readonly number[] | undefined
}

const key = Symbol.for('dialback.commandLineWorkers')

/** Called by the command, before the script runs. */
export function setCommandLineWorkers(workers: CommandLineWorkers): void {
  Reflect.set(globalThis, key, workers)
}

/** The workers that the command line has started, once: whoever asks again wants more. */
export function takeStartedWorkers(): number[] | undefined {
  const workers = commandLineWorkers()
  const started = workers?.started
  if (workers === undefined || started === undefined) return undefined
  workers.started = undefined
  return [...started]
}

/** How many local workers are meant; undefined for one for each core. @throws {RangeError} for a bad `DIALBACK_WORKERS`. */
export function defaultWorkerCount(env: NodeJS.ProcessEnv): number | undefined {
  const fromCommandLine = commandLineWorkers()?.count
  if (fromCommandLine !== undefined) return fromCommandLine
  const { DIALBACK_WORKERS: text } = env
  if (text === undefined || text === '') return undefined
  if (/^\d+$/.test(text)) return Number(text)
  throw new RangeError(`DIALBACK_WORKERS must be a whole number of at least 0: ${describe(text)}`)
}

function commandLineWorkers(): CommandLineWorkers | undefined {
  // The cast: nobody else has the symbol.
  return Reflect.get(globalThis, key) as CommandLineWorkers | undefined
}
