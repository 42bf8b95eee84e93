/** What a worker is told when it starts: one line of JSON. */

import type { Credentials } from './dial.ts'

export interface Settings extends Credentials {
  /** How many threads run user code. */
  readonly threads: number
  /**
   * True where no pipe tells that the manager is gone, so that its silence must. A manager on the same machine may be
   * silent for long: in a loop, at a breakpoint, or stopped. @default false
   */
  readonly isRemote?: boolean
}

/** @throws {TypeError} that names the field when the line is not as it must be. */
export function parseSettings(line: string): Settings {
  const value: unknown = JSON.parse(line)
  if (typeof value !== 'object' || value === null) throw new TypeError('Received settings that are no object')
  const { url, name, token, threads, isRemote } = value as Record<string, unknown>
  for (const [key, field] of Object.entries({ url, name, token })) {
    if (typeof field !== 'string' || field === '') throw new TypeError(`Received settings without ${key}`)
  }
  if (!Number.isSafeInteger(threads) || Number(threads) < 1)
    throw new TypeError(`Received settings with threads: ${String(threads)}`)
  if (isRemote !== undefined && typeof isRemote !== 'boolean')
    throw new TypeError(`Received settings with isRemote: ${JSON.stringify(isRemote)}`)
  return value as Settings
}
