/** Follows a submitted Job from its first pod to its end: why it waits, what it writes, how it ended. */

import { systemClock } from '@dialback/runtime'
import type { V1Job, V1Pod } from '@kubernetes/client-node'
import type { KubeApi } from '../kubernetes/kube-api.ts'
import { KubeError } from '../kubernetes/kube-error.ts'
import { pause } from '../kubernetes/kube-retry.ts'
import { podWaiting } from '../kubernetes/pod-waiting.ts'
import { whyNoPod } from '../kubernetes/why-no-pod.ts'
import { followLog, lookAgain } from './follow-log.ts'
import { hasStarted, isOver, jobOutcome, podsInOrder, waitingText } from './job-state.ts'
import type { LineWriter } from './line-writer.ts'
import { patiently } from './patiently.ts'
import { type SubmissionEnd, submissionEnd } from './submission-end.ts'
import { managerContainer } from './submission-job.ts'

export interface FollowOptions {
  readonly api: KubeApi
  readonly namespace: string
  readonly name: string
  readonly lines: LineWriter
  /** Is told what goes on, a sentence at a time. */
  readonly tell: (sentence: string) => void
  /** Called for each pod that runs, before its log is read. */
  readonly started?: (pod: V1Pod, signal: AbortSignal) => Promise<void>
  readonly signal: AbortSignal
}

/** A pod that cannot start, which waiting does not change. */
export class CannotStartError extends Error {
  override readonly name = 'CannotStartError'
}

/** A watch would ask for one more permission, and there is nothing to see while the log is read. */
const lookEveryMs = 400
/** Within which the rest of a pod ends with its script, where it does. */
const restMayTakeMs = 3_000

/**
 * Resolves when the Job has ended.
 *
 * @throws {CannotStartError} when its pod never will; {KubeError}; the reason of the signal.
 */
export async function followSubmission(options: FollowOptions): Promise<SubmissionEnd> {
  const { lines, signal } = options
  const followed = new Set<string | undefined>()
  const reasons = new Reasons(options.tell)
  let last: V1Pod | undefined
  let endedAt = 0
  for (;;) {
    const job = await jobIfThere(options)
    const pods = await podsOf(options)
    const next = pods.find(({ metadata }) => !followed.has(metadata?.uid))
    if (next !== undefined) {
      if (last !== undefined) options.tell(`Pod ${last.metadata?.name} is over; the Job runs it again`)
      followed.add(next.metadata?.uid)
      last = await followPod(next, options, reasons)
      endedAt = performance.now()
    } else if (job === undefined || jobOutcome(job) !== undefined)
      return submissionEnd(job, last, lines.lastLines)
    else {
      if (last === undefined) await tellWhyNoPod(job, options, reasons)
      else if (performance.now() - endedAt > restMayTakeMs) tellWhatRunsOn(last, pods, reasons)
      await pause(lookEveryMs, { clock: systemClock, signal })
    }
  }
}

/** Chooses the pods of a Job. */
export function podSelector(job: string): string {
  return `batch.kubernetes.io/job-name=${job}`
}

/** Why it waits is said when it changes, each reason once: one that cannot be pulled goes back and forth between two. */
class Reasons {
  readonly #tell: (sentence: string) => void
  readonly #told = new Set<string>()

  constructor(tell: (sentence: string) => void) {
    this.#tell = tell
  }

  waits(reason: string): void {
    if (this.#told.has(reason)) return
    this.#told.add(reason)
    this.#tell(`It waits: ${reason}`)
  }
}

async function podsOf(options: FollowOptions): Promise<V1Pod[]> {
  const { api, namespace, name, signal } = options
  const labelSelector = podSelector(name)
  const list = await patiently(async () => await api.listPods(namespace, { labelSelector, signal }), options)
  return podsInOrder(list.items)
}

async function jobIfThere(options: FollowOptions): Promise<V1Job | undefined> {
  const { api, namespace, name, signal } = options
  try {
    return await patiently(async () => await api.getJob(namespace, name, { signal }), options)
  } catch (error) {
    if (error instanceof KubeError && error.kind === 'notFound') return undefined
    throw error
  }
}

/** Gives the pod as it was seen last. */
async function followPod(pod: V1Pod, options: FollowOptions, reasons: Reasons): Promise<V1Pod> {
  const { pod: seen, isGone } = await untilStarted(pod, options, reasons)
  if (isGone) return seen
  if (!isOver(seen)) await options.started?.(seen, options.signal)
  return await followLog(seen, options)
}

/** Says why it waits. @throws {CannotStartError} */
async function untilStarted(
  pod: V1Pod,
  options: FollowOptions,
  reasons: Reasons,
): Promise<{ readonly pod: V1Pod; readonly isGone: boolean }> {
  let seen = pod
  while (!hasStarted(seen)) {
    const { isPermanent, reason } = podWaiting(seen)
    if (isPermanent && seen.metadata?.deletionTimestamp === undefined)
      throw new CannotStartError(`Cannot start the manager, pod ${seen.metadata?.name}: ${waitingText(seen)}`)
    // Without a reason nobody has looked at it yet.
    if (reason !== undefined) reasons.waits(waitingText(seen))
    await pause(lookEveryMs, { clock: systemClock, signal: options.signal })
    const now = await lookAgain(seen, options)
    if (now === undefined) return { pod: seen, isGone: true }
    seen = now
  }
  return { pod: seen, isGone: false }
}

async function tellWhyNoPod(job: V1Job, { api, signal }: FollowOptions, reasons: Reasons): Promise<void> {
  const why =
    job.spec?.suspend === true
      ? 'Suspended: what it needs is being made'
      : await whyNoPod(api, job, { signal })
  if (why !== undefined) reasons.waits(why)
}

/** The Job is not over before all containers of its pod are, and the cluster may have added some that do not end. */
function tellWhatRunsOn(last: V1Pod, pods: readonly V1Pod[], reasons: Reasons): void {
  const { status } = pods.find(({ metadata }) => metadata?.uid === last.metadata?.uid) ?? {}
  const others = status?.containerStatuses?.filter(({ name }) => name !== managerContainer) ?? []
  for (const { name, state } of others)
    if (state?.running !== undefined)
      reasons.waits(`the script has ended, and container "${name}" of its pod has not`)
}
