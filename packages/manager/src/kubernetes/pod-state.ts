/** Pure: the state of a pod in a few words, for the timeline of a worker. */

import type { V1Pod } from '@kubernetes/client-node'
import { condition, containerStatus } from './pod-facts.ts'

/** For example `Pending: Unschedulable`, `running on node-1`, `Failed: Evicted`. */
export function podState(pod: V1Pod, container: string): string {
  const phase = pod.status?.phase ?? 'Unknown'
  const reason = pod.status?.reason || condition(pod, 'DisruptionTarget', 'True')?.reason
  if (reason) return `${phase}: ${reason}`
  return containerState(pod, container) ?? withReason(phase, pendingReason(pod, container))
}

function containerState(pod: V1Pod, container: string): string | undefined {
  const { terminated, running } = containerStatus(pod, container)?.state ?? {}
  if (terminated) return `container terminated: ${terminated.reason ?? terminated.exitCode}`
  return running && `running on ${pod.spec?.nodeName ?? 'a node'}`
}

function pendingReason(pod: V1Pod, container: string): string | undefined {
  const waiting = containerStatus(pod, container)?.state?.waiting?.reason
  const node = pod.spec?.nodeName
  return waiting || condition(pod, 'PodScheduled', 'False')?.reason || (node && `scheduled to ${node}`)
}

function withReason(phase: string, reason: string | undefined): string {
  return reason ? `${phase}: ${reason}` : phase
}
