/** Pure: what a pod that has not reported in yet waits for, and whether it can still come. */

import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node'
import { condition, hasEnded } from './pod-facts.ts'

export interface PodWaiting {
  /** `Pending`, `Running`, `Failed`, `Succeeded`; `Unknown` before there is a status. */
  readonly phase: string
  /** Kubernetes' own word, for example `Unschedulable`, `ContainerCreating`, `ErrImagePull`. */
  readonly reason?: string
  readonly message?: string
  /** Waiting longer does not help. */
  readonly isPermanent: boolean
}

/** Source: kubelet pkg/kubelet/images/types.go, kuberuntime_container.go. */
const permanentReasons: ReadonlySet<string> = new Set([
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
])

/** The kubelet or the runtime is too busy, or the API server out of reach: it tries again, and a new kubelet often has to. */
const passing =
  /failed to sync \w+ cache|timed out|deadline exceeded|connection (refused|reset)|too many requests/i

const pullReasons: ReadonlySet<string> = new Set(['ErrImagePull', 'ImagePullBackOff'])

/** What registries answer that do not have the image, or do not give it to us. Only the text tells it from a bad day. */
const refusedPull =
  /not found|manifest unknown|name unknown|does not exist|unauthorized|authentication required|authorization failed|access denied|requested access to the resource is denied|403 forbidden|no match for platform/i

/** `localhost/…` names an image that was to be brought to the node. containerd asks that for it, where nobody listens. */
const absentHere = /"https?:\/\/localhost\/v2\/.*connection refused/s

/** Waiting for these says nothing that its phase does not. */
const usualReasons: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing'])

export function podWaiting(pod: V1Pod): PodWaiting {
  const phase = pod.status?.phase ?? 'Unknown'
  if (hasEnded(pod)) return { phase, ...facts(pod.status), isPermanent: true }
  if (pod.metadata?.deletionTimestamp !== undefined)
    return { phase, reason: 'Deleted', message: 'the pod is being deleted', isPermanent: true }
  const unscheduled = condition(pod, 'PodScheduled', 'False')
  // An autoscaler or a queue may help: these wait.
  if (unscheduled !== undefined) return { phase, ...facts(unscheduled), isPermanent: false }
  const waiting = waitingContainer(pod)
  if (waiting === undefined) return { phase, ...facts(pod.status), isPermanent: false }
  return { phase, ...facts(waiting), isPermanent: isPermanent(waiting.reason ?? '', waiting.message ?? '') }
}

/** What a pod waits for, in a few words; undefined when it runs. `warning`: what the cluster says of it beyond its status. */
export function waitingText(pod: V1Pod, warning: string | undefined): string | undefined {
  const { phase, reason, message } = podWaiting(pod)
  if (warning !== undefined && isUnexplained(pod)) return warning
  if (reason === undefined) return phase === 'Running' ? undefined : phase
  return message === undefined ? reason : `${reason}: ${message}`
}

/** It has a node, where something holds it up that is not in its status. */
export function isUnexplained(pod: V1Pod): boolean {
  const { reason = '', message } = podWaiting(pod)
  return usualReasons.has(reason) && message === undefined
}

/** The one that says most: an init container holds up all others, a sidecar's image holds up the pod. */
function waitingContainer(pod: V1Pod): { reason?: string; message?: string } | undefined {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {}
  const waiting = [...initContainerStatuses, ...containerStatuses]
    .map(({ state }: V1ContainerStatus) => state?.waiting)
    .filter((state) => state !== undefined)
  return waiting.find(({ reason }) => reason !== undefined && !usualReasons.has(reason)) ?? waiting[0]
}

function isPermanent(reason: string, message: string): boolean {
  if (pullReasons.has(reason)) return refusedPull.test(message) || absentHere.test(message)
  return permanentReasons.has(reason) && !passing.test(message)
}

function facts(of: { reason?: string; message?: string } | undefined): {
  readonly reason?: string
  readonly message?: string
} {
  return { ...(of?.reason && { reason: of.reason }), ...(of?.message && { message: of.message }) }
}
