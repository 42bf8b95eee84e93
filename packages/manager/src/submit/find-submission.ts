/** Finds submitted Jobs, ends them, and takes away what they leave. */

import { systemClock } from '@dialback/runtime'
import type { V1Job, V1Pod } from '@kubernetes/client-node'
import type { KubeApi } from '../kubernetes/kube-api.ts'
import { KubeError } from '../kubernetes/kube-error.ts'
import { pause } from '../kubernetes/kube-retry.ts'
import { whyNoPod } from '../kubernetes/why-no-pod.ts'
import { type JobState, jobOutcome, jobState } from './job-state.ts'
import { accountObjects } from './manager-account.ts'
import { cancelledAnnotation, submissionLabels, submissionSelector } from './submission-job.ts'
import { isOwnedBy, managersOf, workerSelector } from './workers-of.ts'

const lookEveryMs = 400

/** There is no such Job, or it is somebody else's. */
export class NoSubmissionError extends Error {
  override readonly name = 'NoSubmissionError'
  readonly advice = '"dialback ps" lists those that are there'

  constructor(namespace: string, name: string) {
    super(`Cannot find a Job "${name}" in namespace "${namespace}" that dialback submit has made`)
  }
}

/** @throws {NoSubmissionError} */
export async function findSubmission(api: KubeApi, namespace: string, name: string): Promise<V1Job> {
  try {
    const job = await api.getJob(namespace, name)
    const labels = job.metadata?.labels ?? {}
    if (Object.entries(submissionLabels).every(([label, value]) => labels[label] === value)) return job
  } catch (error) {
    if (!(error instanceof KubeError && error.kind === 'notFound')) throw error
  }
  throw new NoSubmissionError(namespace, name)
}

/** How all of them are, oldest first. @param namespace empty: all */
export async function listSubmissions(api: KubeApi, namespace: string): Promise<JobState[]> {
  const [jobs, { items: pods }] = await Promise.all([
    api.listJobs(namespace, { labelSelector: submissionSelector }),
    api.listPods(namespace, { labelSelector: 'app.kubernetes.io/name=dialback-submission' }),
  ])
  const states = await Promise.all(jobs.map(async (job) => await stateOf(api, job, podsOf(job, pods))))
  return states.toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1))
}

async function stateOf(api: KubeApi, job: V1Job, pods: readonly V1Pod[]): Promise<JobState> {
  const state = jobState(job, pods)
  if (state.status !== 'Waiting' || pods.length > 0) return state
  const detail = await whyNoPod(api, job)
  return { ...state, ...(detail !== undefined && { detail }) }
}

/**
 * Asks for the end of a Job: its pod is terminated in its grace period. The Job stays until its time to live is over, as
 * what its manager may do there ends with it.
 *
 * @returns false when it had ended already.
 */
export async function stopSubmission(api: KubeApi, job: V1Job): Promise<boolean> {
  const { namespace = '', name = '' } = job.metadata ?? {}
  if (jobOutcome(job) !== undefined) return false
  // Its deadline would not begin.
  if (job.spec?.suspend === true) await api.deleteJob(namespace, name)
  else
    await api.patchJob(namespace, name, {
      metadata: { annotations: { [cancelledAnnotation]: new Date().toISOString() } },
      // The only end by which the cluster terminates the pods of a Job and keeps the Job.
      spec: { activeDeadlineSeconds: 1 },
    })
  return true
}

/** Gives the Job once all of its pods have ended; undefined when it is gone. */
export async function untilEnded(api: KubeApi, { metadata }: V1Job): Promise<V1Job | undefined> {
  const { namespace = '', name = '', uid } = metadata ?? {}
  for (;;) {
    try {
      const job = await api.getJob(namespace, name)
      if (job.metadata?.uid !== uid) return undefined
      if (jobOutcome(job) !== undefined) return job
    } catch (error) {
      if (error instanceof KubeError && error.kind === 'notFound') return undefined
      throw error
    }
    await pause(lookEveryMs, { clock: systemClock })
  }
}

/**
 * Takes away what an ended Job does not need any more, and what its manager may have left: all of that the cluster would
 * remove with the Job. What we may not remove stays until then.
 */
export async function tidySubmission(api: KubeApi, job: V1Job): Promise<void> {
  const { namespace = '', name = '' } = job.metadata ?? {}
  const resources = ['configmaps', ...Object.keys(accountObjects({ name, namespace }))]
  await Promise.all([
    ...resources.map(async (resource) => await ifAllowed(removeOwned(api, job, resource))),
    ifAllowed(removeLeft(api, job)),
  ])
}

/** Somebody else's may have the same name. */
async function removeOwned(api: KubeApi, { metadata }: V1Job, resource: string): Promise<void> {
  const { namespace = '', name = '', uid } = metadata ?? {}
  const found = await api.getObject(namespace, resource, name)
  if (found.metadata?.ownerReferences?.some((owner) => owner.uid === uid))
    await api.deleteObject(namespace, resource, name)
}

/** A manager that was killed could not remove its workers. */
async function removeLeft(api: KubeApi, job: V1Job): Promise<void> {
  const { namespace = '' } = job.metadata ?? {}
  const managers = await managersOf(api, job)
  const labelSelector = workerSelector
  const { items: pods } = await api.listPods(namespace, { labelSelector })
  await Promise.all(
    pods
      .filter((pod) => isOwnedBy(pod, managers))
      .map(async ({ metadata }) => await api.deletePod(namespace, metadata?.name ?? '')),
  )
  const secrets = await api.listSecrets(namespace, { labelSelector })
  await Promise.all(
    secrets
      .filter((secret) => isOwnedBy(secret, managers))
      .map(async ({ metadata }) => await api.deleteSecret(namespace, metadata?.name ?? '')),
  )
}

async function ifAllowed(removal: Promise<void>): Promise<void> {
  try {
    await removal
  } catch (error) {
    if (!(error instanceof KubeError)) throw error
  }
}

function podsOf(job: V1Job, pods: readonly V1Pod[]): V1Pod[] {
  return pods.filter(({ metadata }) =>
    metadata?.ownerReferences?.some(({ uid }) => uid === job.metadata?.uid),
  )
}
