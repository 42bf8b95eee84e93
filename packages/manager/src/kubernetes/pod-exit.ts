/**
 * Pure: a pod → why its worker ended, who is to blame, and what to do. Only our own container's end counts, and what ended
 * the pod as a whole outranks it: a drained worker exits with 0 or 143 as if nothing had been the matter.
 */

import type { WorkerExit } from '@dialback/protocol'
import type { V1ContainerStateTerminated, V1Pod } from '@kubernetes/client-node'
import { terminatedExit } from './container-exit.ts'
import { condition, containerStatus, hasEnded, memoryLimit, podIdentity } from './pod-facts.ts'
import { statusReasonFacts } from './status-reason.ts'

export interface PodExitOptions {
  /** The worker's container. */
  readonly container: string
  /** The last lines that it wrote, if they are known: its status holds no more than 2 kB of them. */
  readonly lines?: readonly string[]
}

/** Why the pod's worker has ended, as soon as its status tells; undefined as long as it has not. */
export function podExit(pod: V1Pod, options: PodExitOptions): WorkerExit | undefined {
  const terminated = terminatedState(pod, options.container)
  if (terminated === undefined && !hasEnded(pod)) return undefined
  const logs = lastLinesOf(pod, options)
  const facts = { pod: podIdentity(pod), status: pod.status, ...(logs.length > 0 && { logs }) }
  return { ...verdict(pod, terminated, { ...options, lines: logs }), ...facts }
}

/** Whether what is still to come of the pod cannot change why its worker ended. */
export function isFinalExit({ reason, exitCode, blame }: WorkerExit, pod: V1Pod): boolean {
  const isStopped = stoppedCodes.has(exitCode)
  return hasEnded(pod) || !isStopped || reason === 'OOMKilled' || blame === 'infrastructure'
}

/** What ended the pod from outside, if anything did: a preemption, an eviction, a drain, a lost node. */
export function disruption(pod: V1Pod): WorkerExit | undefined {
  const target = condition(pod, 'DisruptionTarget', 'True')
  if (target === undefined) return undefined
  const detail = pod.status?.message || target.message
  return {
    reason: target.reason || 'DisruptionTarget',
    ...(detail && { detail }),
    blame: 'infrastructure',
    advice: 'The cluster took the pod away: run what ran there again, as pmap does by itself',
  }
}

function verdict(
  pod: V1Pod,
  terminated: V1ContainerStateTerminated | undefined,
  { container, lines = [] }: PodExitOptions,
): WorkerExit {
  const own = terminated && terminatedExit(terminated, { lines, memoryLimit: memoryLimit(pod, container) })
  if (own !== undefined && isOwnFault(own)) return own
  const outer = disruption(pod) ?? statusReasonFacts(pod.status ?? {})
  if (outer !== undefined) return { ...outer, ...endOf(own) }
  if (own === undefined) return endedWithoutUs(pod)
  const isStopped = pod.metadata?.deletionTimestamp !== undefined && stoppedCodes.has(own.exitCode)
  return isStopped ? { ...deleted, ...endOf(own), detail: `exit code ${own.exitCode}` } : own
}

/** It reached its own limit, and would again wherever it ran. */
function isOwnFault({ reason, exitCode }: WorkerExit): boolean {
  return reason === 'HeapOutOfMemory' || (reason === 'OOMKilled' && exitCode === 137)
}

/** How a process ends that was asked to, or was killed because it did not. */
const stoppedCodes: ReadonlySet<number | undefined> = new Set([0, 137, 143])

/** Somebody deleted the pod. */
export const deleted: WorkerExit = {
  reason: 'Deleted',
  blame: 'infrastructure',
  advice: 'Somebody or something deleted the pod: run what ran there again, as pmap does by itself',
}

function endOf(own: WorkerExit | undefined): Pick<WorkerExit, 'exitCode' | 'signal'> {
  return {
    ...(own?.exitCode !== undefined && { exitCode: own.exitCode }),
    ...(own?.signal !== undefined && { signal: own.signal }),
  }
}

/** The pod is over and our container has no end: it never started. */
function endedWithoutUs(pod: V1Pod): WorkerExit {
  const failed = pod.status?.initContainerStatuses?.find(
    ({ state }) => (state?.terminated?.exitCode ?? 0) !== 0,
  )
  const end = failed?.state?.terminated
  if (failed !== undefined && end !== undefined) {
    return {
      reason: end.reason || 'Error',
      detail: `init container "${failed.name}", exit code ${end.exitCode}`,
      exitCode: end.exitCode,
      blame: 'configuration',
      advice: 'The pod never started its worker: look at the log of that init container',
    }
  }
  return { reason: 'Unknown', detail: `phase ${pod.status?.phase}`, blame: 'unknown' }
}

function terminatedState(pod: V1Pod, container: string): V1ContainerStateTerminated | undefined {
  const status = containerStatus(pod, container)
  if (status?.state?.terminated !== undefined) return status.state.terminated
  // Where somebody set a restart policy: it runs again, but not what ran in it.
  return status?.state?.running === undefined ? status?.lastState?.terminated : undefined
}

/**
 * What the worker wrote last. Its log may not have come to its end yet, and the status holds only the last part of it: both
 * together, each line once.
 */
export function lastLinesOf(pod: V1Pod, { container, lines = [] }: PodExitOptions): readonly string[] {
  const message = terminatedState(pod, container)?.message
  const told = message?.split('\n').filter((line) => line.trim() !== '') ?? []
  const last = lines.findLast((line) => line.trim() !== '')
  const overlap = last === undefined ? -1 : told.lastIndexOf(last)
  return [...lines, ...told.slice(overlap + 1)].slice(-maxLines)
}

const maxLines = 40
