import { expect, test } from 'vitest'
import { parseSettings, settingsFromEnvironment } from '../src/settings.ts'

const settings = { url: 'ws://127.0.0.1:1', name: 'local-2', token: 'secret', threads: 1 }
const environment = {
  DIALBACK_URL: 'wss://10.0.0.1:1',
  DIALBACK_NAME: 'w-abcde',
  DIALBACK_TOKEN: 'secret',
}

test('parseSettings() gives what a local worker was told', () => {
  expect(parseSettings(JSON.stringify(settings))).toEqual(settings)
})

test.each([
  ['url', ''],
  ['name', 5],
  ['token', undefined],
  ['threads', 0],
  ['isRemote', 'yes'],
  ['patienceMs', -1],
  ['certificate', 5],
  ['openings', [{ nonce: 'a', proof: 'b', key: 'c' }]],
])('parseSettings() names a wrong %s', (field, value) => {
  expect(() => parseSettings(JSON.stringify({ ...settings, [field]: value }))).toThrow(field)
})

test('settingsFromEnvironment() is undefined where there is no URL', () => {
  expect(settingsFromEnvironment({ PATH: '/bin' })).toBeUndefined()
})

test('settingsFromEnvironment() gives what a pod was told', () => {
  const pod = {
    DIALBACK_POD_NAME: 'w-abcde',
    DIALBACK_POD_UID: 'ab-12',
    DIALBACK_POD_NODE: 'node-1',
    DIALBACK_CPU_LIMIT_MILLIS: '200',
    DIALBACK_MEMORY_LIMIT_BYTES: '314572800',
    DIALBACK_THREADS: '2',
    DIALBACK_PATIENCE_MS: '5000',
    DIALBACK_CERTIFICATE: 'PEM',
  }

  expect(settingsFromEnvironment({ ...environment, ...pod })).toEqual({
    url: 'wss://10.0.0.1:1',
    name: 'w-abcde',
    token: 'secret',
    certificate: 'PEM',
    threads: 2,
    isRemote: true,
    patienceMs: 5_000,
    pod: { name: 'w-abcde', uid: 'ab-12', node: 'node-1', cpuMillis: 200, memoryBytes: 314_572_800 },
  })
})

test('settingsFromEnvironment() of the least that there can be has one thread', () => {
  expect(settingsFromEnvironment(environment)).toEqual({
    url: 'wss://10.0.0.1:1',
    name: 'w-abcde',
    token: 'secret',
    threads: 1,
    isRemote: true,
  })
})

test.each([
  ['DIALBACK_TOKEN', '', 'token'],
  ['DIALBACK_NAME', undefined, 'name'],
  ['DIALBACK_THREADS', 'two', 'threads'],
  ['DIALBACK_PATIENCE_MS', '5s', 'patienceMs'],
])('settingsFromEnvironment() names a wrong %s', (variable, value, field) => {
  expect(() => settingsFromEnvironment({ ...environment, [variable]: value })).toThrow(field)
})
