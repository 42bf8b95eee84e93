/** What a worker is told when it starts: one line of JSON, or in a pod its environment. */

import type { Opening, PodFacts } from '@dialback/protocol'
import type { Credentials } from './dial.ts'

export interface Settings extends Credentials {
  /** How many threads run user code. */
  readonly threads: number
  /**
   * True where no pipe tells that the manager is gone, so that its silence must. A manager on the same machine may be
   * silent for long: in a loop, at a breakpoint, or stopped. @default false
   */
  readonly isRemote?: boolean
  /**
   * For how long the manager is dialled at first although it does not answer: it, or the machine, may be busy with others
   * that start, and the network of a pod may not be ready. @default 60_000
   */
  readonly patienceMs?: number
  /** For how long it may go on with what runs once it was told to end by a signal. @default 30_000, as a pod; there the cluster sees to it */
  readonly drainMs?: number
  /** For the first connection of the agent, then for that of each thread. @default each makes its own */
  readonly openings?: readonly Opening[]
}

type Environment = Readonly<Record<string, string | undefined>>

/** @throws {TypeError} that names the field when the line is not as it must be. */
export function parseSettings(line: string): Settings {
  const value: unknown = JSON.parse(line)
  if (typeof value !== 'object' || value === null) throw new TypeError('Received settings that are no object')
  return checked(value as Record<string, unknown>)
}

/**
 * The settings of a worker that is a pod, whose network may need a while until it reaches the manager.
 *
 * @returns undefined when there are none.
 * @throws {TypeError} that names what is missing or wrong.
 */
export function settingsFromEnvironment(env: Environment): Settings | undefined {
  const url = env['DIALBACK_URL']
  if (url === undefined) return undefined
  const pod = podFacts(env)
  const certificate = env['DIALBACK_CERTIFICATE']
  const patienceMs = number(env['DIALBACK_PATIENCE_MS'])
  return checked({
    url,
    name: env['DIALBACK_NAME'],
    token: env['DIALBACK_TOKEN'],
    threads: number(env['DIALBACK_THREADS']) ?? 1,
    isRemote: true,
    ...(patienceMs !== undefined && { patienceMs }),
    ...(certificate !== undefined && { certificate }),
    ...(pod && { pod }),
  })
}

/** See `Settings`. */
export const defaultPatienceMs = 60_000
export const defaultDrainMs = 30_000

/** What is in the environment for the agent alone: user code, and what it starts, has no use for it. */
export const ownVariables: readonly string[] = [
  'DIALBACK_URL',
  'DIALBACK_TOKEN',
  'DIALBACK_CERTIFICATE',
  'DIALBACK_STARTING_WORKER',
]

function podFacts(env: Environment): PodFacts | undefined {
  const name = env['DIALBACK_POD_NAME']
  const uid = env['DIALBACK_POD_UID']
  if (name === undefined || uid === undefined) return undefined
  const node = env['DIALBACK_POD_NODE']
  const cpuMillis = number(env['DIALBACK_CPU_LIMIT_MILLIS'])
  const memoryBytes = number(env['DIALBACK_MEMORY_LIMIT_BYTES'])
  return {
    name,
    uid,
    ...(node !== undefined && { node }),
    ...(cpuMillis !== undefined && { cpuMillis }),
    ...(memoryBytes !== undefined && { memoryBytes }),
  }
}

function number(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}

function checked(value: Readonly<Record<string, unknown>>): Settings {
  const { url, name, token } = value
  for (const [key, field] of Object.entries({ url, name, token })) {
    if (typeof field !== 'string' || field === '') throw new TypeError(`Received settings without ${key}`)
  }
  for (const [key, check] of Object.entries(checks)) {
    if (!check(value[key]))
      throw new TypeError(`Received settings with ${key}: ${JSON.stringify(value[key])}`)
  }
  // Every field was looked at; those of the pod come from ourselves.
  return value as unknown as Settings
}

const checks: Readonly<Record<string, (value: unknown) => boolean>> = {
  threads: (value) => Number.isSafeInteger(value) && Number(value) >= 1,
  isRemote: (value) => value === undefined || typeof value === 'boolean',
  patienceMs: isOptionalCount,
  drainMs: isOptionalCount,
  certificate: (value) => value === undefined || typeof value === 'string',
  openings: (value) => value === undefined || (Array.isArray(value) && value.every(isOpening)),
}

function isOptionalCount(value: unknown): boolean {
  return value === undefined || (Number.isSafeInteger(value) && Number(value) >= 0)
}

function isOpening(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return ['nonce', 'proof', 'key', 'accept'].every((name) => typeof Reflect.get(value, name) === 'string')
}
