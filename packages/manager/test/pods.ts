/** Pods with the statuses that real clusters gave them, cut down to what is read. */

import type { V1ContainerState, V1Pod, V1PodCondition, V1PodStatus } from '@kubernetes/client-node'

export interface PodParts {
  readonly phase?: string
  readonly state?: V1ContainerState
  readonly status?: Partial<V1PodStatus>
  readonly conditions?: readonly (Partial<V1PodCondition> & { type: string })[]
  readonly isBeingDeleted?: boolean
  readonly memory?: string | null
}

/** A worker's pod `w-1` on node `n-1`, with a sidecar in front of its container. */
export function pod({
  phase = 'Running',
  state,
  status,
  conditions,
  isBeingDeleted,
  memory = '300Mi',
}: PodParts): V1Pod {
  const json = {
    metadata: {
      name: 'w-1',
      namespace: 'team',
      uid: 'uid-1',
      ...(isBeingDeleted && {
        deletionTimestamp: '2026-11-25T22:42:18Z',
        deletionGracePeriodSeconds: 1,
      }),
    },
    spec: {
      nodeName: 'n-1',
      containers: [
        { name: 'sidecar', resources: { limits: { memory: '9Mi' } } },
        { name: 'worker', ...(memory !== null && { resources: { limits: { memory, cpu: '200m' } } }) },
      ],
    },
    status: {
      phase,
      ...(conditions && { conditions: conditions.map((condition) => ({ status: 'True', ...condition })) }),
      ...(state && {
        containerStatuses: [
          { name: 'sidecar', state: { running: { startedAt: '2026-11-25T22:42:13Z' } } },
          { name: 'worker', state },
        ],
      }),
      ...status,
    },
  }
  // As JSON brings it: its times are texts.
  return json as unknown as V1Pod
}

/** How a container ended. */
export function terminated(reason: string, exitCode: number, message?: string): V1ContainerState {
  return { terminated: { reason, exitCode, ...(message !== undefined && { message }) } }
}
