/**
 * Which workers `addProcs()` means when it is not told: those that the command line asked for, else what the environment says,
 * else one local process for each core. So that a script runs unchanged however it is started.
 */

import { describe } from '@dialback/protocol'

/** Workers, as a command line or an environment can say it. */
export interface WorkersSpec {
  /** @default one for each core; of pods one */
  readonly count?: number
  /** Set: they are pods of a Kubernetes cluster. */
  readonly pods?: PodOptions
}

const podOptionNames = ['cpu', 'memory', 'image', 'namespace', 'advertise'] as const

/** Those of the options of `K8sClusterManager` that a command line has. */
export type PodOptions = Readonly<Partial<Record<(typeof podOptionNames)[number], string>>>

/** What `dialback run` has done for its script, whose own copy of this package may be another one than the command's. */
export interface CommandLineWorkers {
  readonly spec: WorkersSpec
  /** Those that it has started, until the script asks for them. */
  started: readonly number[] | undefined
}

const key = Symbol.for('dialback.commandLineWorkers')

/** Called by the command, before the script runs. */
export function setCommandLineWorkers(workers: CommandLineWorkers): void {
  Reflect.set(globalThis, key, workers)
}

/**
 * The workers that the command line has started, once: whoever asks again wants more. `live`: the workers of whoever asks; it
 * has none of these if it is a copy of this package that a bundler put into the script.
 */
export function takeStartedWorkers(live: readonly number[]): number[] | undefined {
  const workers = commandLineWorkers()
  const started = workers?.started
  if (workers === undefined || started?.some((id) => live.includes(id)) !== true) return undefined
  workers.started = undefined
  return [...started]
}

/** @throws {RangeError} for a bad `DIALBACK_WORKERS` or `DIALBACK_K8S`. */
export function defaultWorkers(env: NodeJS.ProcessEnv): WorkersSpec {
  const fromCommandLine = commandLineWorkers()?.spec
  if (fromCommandLine !== undefined) return fromCommandLine
  const count = workerCount(env['DIALBACK_WORKERS'])
  return { ...(count !== undefined && { count }), ...(isForPods(env) && { pods: podsOf(env) }) }
}

function podsOf(env: NodeJS.ProcessEnv): PodOptions {
  const given = podOptionNames.map((name): [string, string] => [
    name,
    env[`DIALBACK_${name.toUpperCase()}`] ?? '',
  ])
  return Object.fromEntries(given.filter(([, value]) => value !== ''))
}

function workerCount(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  if (/^\d+$/.test(text)) return Number(text)
  throw new RangeError(`DIALBACK_WORKERS must be a whole number of at least 0: ${describe(text)}`)
}

/** Whether the environment asks for pods. @throws {RangeError} when it says neither. */
export function isForPods({ DIALBACK_K8S: text }: NodeJS.ProcessEnv): boolean {
  if (text === undefined || text === '' || text === '0' || text === 'false') return false
  if (text === '1' || text === 'true') return true
  throw new RangeError(`DIALBACK_K8S must be 1 or 0: ${describe(text)}`)
}

function commandLineWorkers(): CommandLineWorkers | undefined {
  // The cast: nobody else has the symbol.
  return Reflect.get(globalThis, key) as CommandLineWorkers | undefined
}
