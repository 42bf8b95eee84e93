/** What a relay is told when it starts, by its environment. */

export interface RelaySettings {
  /** What the manager proves to know, and the relay to the manager. */
  readonly token: string
  /** Where workers dial. */
  readonly port: number
  /** Where the port-forward of the manager ends: on the loopback interface. */
  readonly controlPort: number
  /** Without a manager for so long, the relay ends. */
  readonly orphanLimitMs: number
}

/** @throws {TypeError} that names the variable when one is not as it must be. */
export function parseRelaySettings(env: Readonly<Record<string, string | undefined>>): RelaySettings {
  const token = env['DIALBACK_RELAY_TOKEN'] ?? ''
  // 22 characters of base64 are 128 bits.
  if (token.length < 22)
    throw new TypeError('DIALBACK_RELAY_TOKEN must be a secret of at least 22 characters')
  return {
    token,
    port: wholeNumber(env, 'DIALBACK_RELAY_PORT', 65_535),
    controlPort: wholeNumber(env, 'DIALBACK_RELAY_CONTROL_PORT', 65_535),
    orphanLimitMs: wholeNumber(env, 'DIALBACK_RELAY_ORPHAN_LIMIT_MS', 2 ** 31 - 1),
  }
}

function wholeNumber(env: Readonly<Record<string, string | undefined>>, name: string, most: number): number {
  const value = env[name] ?? ''
  if (/^\d+$/.test(value) && Number(value) >= 1 && Number(value) <= most) return Number(value)
  throw new TypeError(`${name} must be a whole number from 1 to ${most}: '${value}'`)
}
