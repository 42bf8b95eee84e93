import { expect, test } from 'vitest'
import { parseRelaySettings } from '../src/relay/relay-settings.ts'

const env = {
  DIALBACK_RELAY_TOKEN: 'a-token-of-enough-characters',
  DIALBACK_RELAY_PORT: '7420',
  DIALBACK_RELAY_CONTROL_PORT: '7421',
  DIALBACK_RELAY_ORPHAN_LIMIT_MS: '60000',
}

test('parseRelaySettings() reads the environment', () => {
  expect(parseRelaySettings(env)).toEqual({
    token: 'a-token-of-enough-characters',
    port: 7_420,
    controlPort: 7_421,
    orphanLimitMs: 60_000,
  })
})

test.each([
  ['DIALBACK_RELAY_TOKEN', 'short', 'DIALBACK_RELAY_TOKEN must be a secret of at least 22 characters'],
  ['DIALBACK_RELAY_TOKEN', undefined, 'DIALBACK_RELAY_TOKEN must be a secret of at least 22 characters'],
  ['DIALBACK_RELAY_PORT', '0', "DIALBACK_RELAY_PORT must be a whole number from 1 to 65535: '0'"],
  [
    'DIALBACK_RELAY_CONTROL_PORT',
    '70000',
    "DIALBACK_RELAY_CONTROL_PORT must be a whole number from 1 to 65535: '70000'",
  ],
  ['DIALBACK_RELAY_PORT', undefined, "DIALBACK_RELAY_PORT must be a whole number from 1 to 65535: ''"],
  [
    'DIALBACK_RELAY_ORPHAN_LIMIT_MS',
    '1e3',
    "DIALBACK_RELAY_ORPHAN_LIMIT_MS must be a whole number from 1 to 2147483647: '1e3'",
  ],
])('parseRelaySettings() refuses %s %s, and keeps the secret to itself', (name, value, message) => {
  expect(() => parseRelaySettings({ ...env, [name]: value })).toThrow(new TypeError(message))
})
