/** Pure: how a submitted Job is, in a word, and how it ended. */

import type { V1Job, V1Pod } from '@kubernetes/client-node'
import { finalCondition } from '../kubernetes/job-facts.ts'
import { containerStatus, hasEnded } from '../kubernetes/pod-facts.ts'
import { podWaiting } from '../kubernetes/pod-waiting.ts'
import { cancelledAnnotation, managerContainer, scriptAnnotation } from './submission-job.ts'

export interface JobState {
  readonly name: string
  readonly namespace: string
  /**
   * `Waiting`: its pod does not run yet, `detail` says why. `Stopping`: somebody asked for its end. `Suspended`: what it
   * needs is not there, as whoever submitted it did not come that far.
   */
  readonly status: 'Suspended' | 'Waiting' | 'Running' | 'Stopping' | 'Succeeded' | 'Failed' | 'Cancelled'
  readonly detail?: string
  readonly exitCode?: number
  readonly script: string
  /** As the API server wrote it. */
  readonly createdAt: string
}

/** @param pods its own, in any order */
export function jobState(job: V1Job, pods: readonly V1Pod[]): JobState {
  const { name = '', namespace = '', annotations, creationTimestamp } = job.metadata ?? {}
  const pod = podsInOrder(pods).at(-1)
  const exitCode = pod && containerStatus(pod, managerContainer)?.state?.terminated?.exitCode
  return {
    name,
    namespace,
    ...statusOf(job, pod),
    ...(exitCode !== undefined && { exitCode }),
    script: annotations?.[scriptAnnotation] ?? '',
    createdAt: String(creationTimestamp ?? ''),
  }
}

/** The last is the one that counts: it is there because those before it failed, or were taken away. */
export function podsInOrder(pods: readonly V1Pod[]): V1Pod[] {
  const timeOf = ({ metadata }: V1Pod): string => String(metadata?.creationTimestamp ?? '')
  return pods.toSorted((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1))
}

/** Whether its container has ended. */
export function isOver(pod: V1Pod): boolean {
  return containerStatus(pod, managerContainer)?.state?.terminated !== undefined || hasEnded(pod)
}

/** Whether there is a log to read. */
export function hasStarted(pod: V1Pod): boolean {
  return containerStatus(pod, managerContainer)?.state?.running !== undefined || isOver(pod)
}

/** How the Job as a whole has ended, as soon as it has. */
export function jobOutcome(job: V1Job): { readonly isGood: boolean; readonly detail: string } | undefined {
  const found = finalCondition(job)
  if (found === undefined) return undefined
  return {
    isGood: found.type === 'Complete',
    detail: [found.reason, found.message].filter(Boolean).join(': '),
  }
}

export function isCancelled({ metadata }: V1Job): boolean {
  return metadata?.annotations?.[cancelledAnnotation] !== undefined
}

function statusOf(job: V1Job, pod: V1Pod | undefined): Pick<JobState, 'status' | 'detail'> {
  const outcome = jobOutcome(job)
  if (outcome?.isGood) return { status: 'Succeeded' }
  if (isCancelled(job)) return { status: outcome === undefined ? 'Stopping' : 'Cancelled' }
  if (outcome !== undefined) return { status: 'Failed', detail: outcome.detail }
  if (job.spec?.suspend === true) return { status: 'Suspended' }
  if (pod === undefined) return { status: 'Waiting' }
  return hasStarted(pod) ? { status: 'Running' } : { status: 'Waiting', detail: waitingText(pod) }
}

/** For example `Unschedulable: 0/1 nodes are available`. */
export function waitingText(pod: V1Pod): string {
  const { phase, reason, message } = podWaiting(pod)
  return [reason ?? phase, message].filter(Boolean).join(': ')
}
