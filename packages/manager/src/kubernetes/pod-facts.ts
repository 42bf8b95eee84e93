/** Pure: the parts of a pod that its end and its waiting are read from. */

import type { PodIdentity } from '@dialback/protocol'
import type { V1ContainerStatus, V1Pod, V1PodCondition } from '@kubernetes/client-node'
import { sizeText } from './quantity.ts'

export function podIdentity(pod: V1Pod): PodIdentity {
  const { name = '', namespace = '', uid = '' } = pod.metadata ?? {}
  const node = pod.spec?.nodeName
  return { name, namespace, uid, ...(node !== undefined && { node }) }
}

/** By its name: sidecars, also those that a webhook added, may stand before it. */
export function containerStatus(pod: V1Pod, container: string): V1ContainerStatus | undefined {
  return pod.status?.containerStatuses?.find(({ name }) => name === container)
}

/** For example `300Mi`. */
export function memoryLimit(pod: V1Pod, container: string): string | undefined {
  const found = pod.spec?.containers.find(({ name }) => name === container)
  const limit = found?.resources?.limits?.['memory']
  return limit === undefined ? undefined : sizeText(limit)
}

/** The condition of this type when it holds, or when it does not, as `status` asks. */
export function condition(pod: V1Pod, type: string, status: 'True' | 'False'): V1PodCondition | undefined {
  return pod.status?.conditions?.find((found) => found.type === type && found.status === status)
}

export function hasEnded(pod: V1Pod): boolean {
  return pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded'
}
