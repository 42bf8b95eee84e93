import type { V1ContainerState, V1Pod } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { isKnown, podFindings } from '../src/cli/doctor/pod-findings.ts'

const noon = Date.parse('2026-05-01T12:00:00Z')

function podIn(state: V1ContainerState, phase: string): V1Pod {
  const status = { name: 'worker', state, ready: false, restartCount: 0, image: '', imageID: '' }
  return { spec: { nodeName: 'node-1', containers: [] }, status: { phase, containerStatuses: [status] } }
}

function reporting(report: object): V1Pod {
  return podIn({ terminated: { exitCode: 0, message: JSON.stringify(report) } }, 'Succeeded')
}

/** Of a pod that was made at noon, and whose end was seen 2 s later. */
function findings(pod: V1Pod) {
  return podFindings({ pod, startedAt: noon, endedAt: noon + 2_000, timeoutMs: 60_000, image: 'worker:1' })
}

test.each<[title: string, state: V1ContainerState, phase: string, expected: boolean]>([
  ['ended beside a container that the cluster added', { terminated: { exitCode: 0 } }, 'Running', true],
  ['ended as a whole', { terminated: { exitCode: 1 } }, 'Failed', true],
  ['cannot be pulled yet', { waiting: { reason: 'ErrImagePull' } }, 'Pending', true],
  ['runs', { running: {} }, 'Running', false],
  ['is being made', { waiting: { reason: 'ContainerCreating' } }, 'Pending', false],
])('isKnown() of a pod that %s', (_, state, phase, expected) => {
  expect(isKnown(podIn(state, phase))).toBe(expected)
})

test('podFindings() finds node, image and clock in order', () => {
  expect(findings(reporting({ now: noon + 1_000, node: 'v24.0.0', hasAgent: true }))).toEqual([
    { check: 'scheduling', status: 'ok', message: 'there is room on node node-1' },
    { check: 'image', status: 'ok', message: '"worker:1" runs, with Node.js v24.0.0' },
    {
      check: 'clock',
      status: 'ok',
      message: "that of node node-1 agrees with this machine's, to within 2 s",
    },
  ])
})

test.each([
  [noon - 3_600_000, "that of node node-1 is 3600 s behind this machine's"],
  [noon + 62_000, "that of node node-1 is 60 s ahead of this machine's"],
])('podFindings() tells by how much the clock is wrong, at %d', (now, message) => {
  expect(findings(reporting({ now, node: 'v24.0.0', hasAgent: true })).at(-1)).toMatchObject({
    check: 'clock',
    status: 'failed',
    message,
    advice: expect.stringContaining('NTP'),
  })
})

test('podFindings() tells a clock that is a little wrong from one that is right', () => {
  expect(findings(reporting({ now: noon + 9_000, node: 'v24.0.0', hasAgent: true })).at(-1)).toMatchObject({
    status: 'ok',
    message: "that of node node-1 agrees with this machine's, to within 9 s",
  })
})

test.each([
  [
    'an image without a worker',
    reporting({ now: noon, node: 'v24.0.0', hasAgent: false }),
    '"worker:1" has Node.js v24.0.0, but not the program of a worker',
  ],
  [
    'an image that cannot be pulled',
    podIn({ waiting: { reason: 'ErrImagePull', message: 'not found' } }, 'Pending'),
    '"worker:1" does not run there: ErrImagePull: not found',
  ],
  [
    'an image without Node.js',
    podIn(
      { terminated: { exitCode: 128, reason: 'StartError', message: 'exec: "node": not found\n' } },
      'Failed',
    ),
    '"worker:1" does not run there: StartError: exec: "node": not found',
  ],
  [
    'an image in which something else runs',
    podIn({ terminated: { exitCode: 0, reason: 'Completed', message: 'hello' } }, 'Succeeded'),
    '"worker:1" does not run there: Completed: hello',
  ],
  ['a pull that takes long', podIn({}, 'Pending'), '"worker:1" did not run within 60 s'],
])('podFindings() tells %s', (_, pod, message) => {
  const [scheduling, image] = findings(pod)
  expect(scheduling).toMatchObject({ check: 'scheduling', status: 'ok' })
  expect(image).toMatchObject({ check: 'image', status: 'failed', message })
})

test('podFindings() tells that no node has room, and for what', () => {
  const pod: V1Pod = {
    spec: {
      containers: [
        { name: 'sidecar', resources: { requests: { cpu: '10m', memory: '9Mi' } } },
        { name: 'worker', resources: { requests: { cpu: '64', memory: '4Gi' } } },
      ],
    },
    status: {
      phase: 'Pending',
      conditions: [
        { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '1 Insufficient cpu.' },
      ],
    },
  }
  expect(findings(pod)).toEqual([
    {
      check: 'scheduling',
      status: 'failed',
      message: 'no node took a worker of 64 CPU and 4Gi within 60 s: 1 Insufficient cpu.',
      advice: 'Ask for less with --cpu and --memory, free some, or add a node',
    },
    { check: 'image', status: 'note', message: 'not looked at: nothing ran there' },
    { check: 'clock', status: 'note', message: 'not looked at: nothing ran there' },
  ])
})
