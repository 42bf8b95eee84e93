import type { V1Pod } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { RelayError } from '../src/kubernetes/relay-error.ts'

function ended(reason: string, exitCode: number, message: string): V1Pod {
  const state = { terminated: { reason, exitCode, message } }
  const status = { name: 'relay', image: '', imageID: '', ready: false, restartCount: 0, state }
  return { status: { phase: 'Failed', containerStatuses: [status] } }
}

const noAgent = `node:internal/modules/cjs/loader:1228
  throw err;
  ^

Error: Cannot find module '/opt/dialback/agent/relay.js'
    at Module._resolveFilename (node:internal/modules/cjs/loader:1225:15)

Node.js v24.21.0
`

test.each([
  [
    ended('Error', 1, noAgent),
    'Error',
    "exit code 1: Error: Cannot find module '/opt/dialback/agent/relay.js'",
  ],
  [
    ended('StartError', 128, 'unable to start container process: exec: "node": not found: unknown'),
    'StartError',
    'exit code 128: exec: "node": not found',
  ],
  [{ status: { phase: 'Failed', reason: 'Evicted', message: 'too large' } }, 'Evicted', 'too large'],
  [{ status: { phase: 'Pending', reason: 'FailedCreate', message: 'no quota' } }, 'FailedCreate', 'no quota'],
])('RelayError says of %j why it does not run', (pod, reason, detail) => {
  const error = new RelayError('a-relay', pod, false)
  expect(error).toMatchObject({ reason, why: `${reason}: ${detail}`, status: pod.status })
  expect(error.message).toBe(`Cannot start the relay, Job "a-relay": ${reason}: ${detail}`)
})

test.each([
  [undefined, 'Unknown'],
  [{ status: { phase: 'Failed' } }, 'Failed'],
])('RelayError of %j, of which no more is known, is %s', (pod, reason) => {
  expect(new RelayError('a-relay', pod, true)).toMatchObject({ reason, why: reason, isLate: true })
})
