import type { V1Pod } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { podState } from '../src/kubernetes/pod-state.ts'

test.each<[state: string, pod: V1Pod]>([
  ['Unknown', {}],
  ['Pending', { status: { phase: 'Pending' } }],
  [
    'Pending: Unschedulable',
    {
      status: {
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }],
      },
    },
  ],
  ['Pending: scheduled to n-1', { spec: { nodeName: 'n-1', containers: [] }, status: { phase: 'Pending' } }],
  ['Pending: ErrImagePull', withState({ waiting: { reason: 'ErrImagePull' } }, 'Pending')],
  ['running on n-1', withState({ running: {} }, 'Running')],
  [
    'container terminated: OOMKilled',
    withState({ terminated: { exitCode: 137, reason: 'OOMKilled' } }, 'Running'),
  ],
  ['container terminated: 3', withState({ terminated: { exitCode: 3 } }, 'Running')],
  ['Failed: Evicted', { status: { phase: 'Failed', reason: 'Evicted' } }],
  [
    'Running: EvictionByEvictionAPI',
    {
      status: {
        phase: 'Running',
        conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }],
      },
    },
  ],
])('podState() is "%s"', (state, pod) => {
  expect(podState(pod, 'worker')).toBe(state)
})

function withState(state: object, phase: string): V1Pod {
  const status = { name: 'worker', image: '', imageID: '', ready: false, restartCount: 0, state }
  return { spec: { nodeName: 'n-1', containers: [] }, status: { phase, containerStatuses: [status] } }
}
