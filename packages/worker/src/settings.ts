/** What a worker is told when it starts: one line of JSON. */

import type { Credentials } from './dial.ts'

export interface Settings extends Credentials {
  /** How many threads run user code. */
  readonly threads: number
}

/** @throws {TypeError} that names the field when the line is not as it must be. */
export function parseSettings(line: string): Settings {
  const value: unknown = JSON.parse(line)
  if (typeof value !== 'object' || value === null) throw new TypeError('Received settings that are no object')
  const { url, name, token, threads } = value as Record<string, unknown>
  for (const [key, field] of Object.entries({ url, name, token })) {
    if (typeof field !== 'string' || field === '') throw new TypeError(`Received settings without ${key}`)
  }
  if (!Number.isSafeInteger(threads) || Number(threads) < 1)
    throw new TypeError(`Received settings with threads: ${String(threads)}`)
  return value as Settings
}
