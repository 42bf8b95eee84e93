/** Makes a Job and all that it needs in the cluster, or nothing. */

import type { V1Job } from '@kubernetes/client-node'
import type { KubeApi } from '../kubernetes/kube-api.ts'
import { KubeError } from '../kubernetes/kube-error.ts'
import { ownerReference } from '../kubernetes/relay-job.ts'
import { accountObjects } from './manager-account.ts'
import type { PackedProgram } from './pack-program.ts'
import { starterText } from './starter-text.ts'
import {
  isInConfigMap,
  maxConfigMapBytes,
  programConfigMap,
  type SubmissionOptions,
  submissionJob,
  unfinishedAnnotation,
} from './submission-job.ts'

export interface Submission extends Omit<SubmissionOptions, 'program' | 'serviceAccountName'> {
  /** Undefined: the image has it. */
  readonly packed: PackedProgram | undefined
  /** Undefined: the one that `dialback manifests rbac` makes where that is there, else one of its own. */
  readonly serviceAccountName: string | undefined
}

/** A manager in the cluster may not be made, as its user may not give it its rights. */
class AccountRefusedError extends Error {
  override readonly name = 'AccountRefusedError'
  readonly advice: string

  constructor(namespace: string, cause: KubeError) {
    super(`Cannot give the manager the rights that it needs: ${cause.message}`, { cause })
    this.advice = `Ask somebody who may: dialback manifests rbac --namespace ${namespace} | kubectl apply -f -`
  }
}

/** Which account the manager runs as, and whether it is to be made. */
interface Account {
  readonly name: string
  readonly isMade: boolean
}

/** Seconds are what it takes: who has not finished by then was killed, and `dialback gc` removes what is there. */
const makingMs = 600_000

/** @throws {KubeError | AccountRefusedError} when the cluster refuses any of it; nothing is left then. */
export async function createSubmission(
  api: KubeApi,
  submission: Submission,
  sharedAccount: string,
): Promise<V1Job> {
  const { name, namespace, packed, serviceAccountName } = submission
  const account =
    serviceAccountName === undefined
      ? await findAccount(api, submission, sharedAccount)
      : { name: serviceAccountName, isMade: false }
  const isSuspended = packed !== undefined || account.isMade
  const unfinishedUntil = isSuspended ? new Date(Date.now() + makingMs).toISOString() : undefined
  const job = await api.createJob(namespace, jobOf({ ...submission, unfinishedUntil }, account.name))
  if (!isSuspended) return job
  try {
    // Behind the Job, so that nothing is ever without an owner.
    await Promise.all([createProgram(api, submission, job), account.isMade && createAccount(api, job)])
    return await api.patchJob(namespace, name, {
      metadata: { annotations: { [unfinishedAnnotation]: null } },
      spec: { suspend: false },
    })
  } catch (error) {
    await api.deleteJob(namespace, name)
    throw error
  }
}

/** The same as manifests. What belongs to the Job has no owner there: only the cluster will know its uid. */
export function submissionManifests(submission: Submission): object[] {
  const { name, namespace, packed, serviceAccountName } = submission
  if (packed !== undefined && !fitsConfigMap(packed))
    throw new RangeError(
      `Cannot print the program: it has ${packed.bytes.byteLength} bytes, and a ConfigMap takes ${maxConfigMapBytes}; put it into an image (--in-image)`,
    )
  return [
    ...(serviceAccountName === undefined ? Object.values(accountObjects({ name, namespace })) : []),
    ...(packed === undefined
      ? []
      : [programConfigMap({ name, namespace, starter: starterText(), program: packed.bytes })]),
    jobOf(submission, serviceAccountName ?? name),
  ]
}

function jobOf({ packed, ...options }: Submission, serviceAccountName: string): V1Job {
  const program = packed && { sha256: packed.sha256, byteLength: packed.bytes.byteLength }
  return submissionJob({ ...options, serviceAccountName, program })
}

async function findAccount(
  api: KubeApi,
  { name, namespace }: Submission,
  sharedAccount: string,
): Promise<Account> {
  try {
    await api.getObject(namespace, 'serviceaccounts', sharedAccount)
  } catch (error) {
    if (error instanceof KubeError && error.kind === 'notFound') return { name, isMade: true }
    // Who may not look is told by the cluster whether it is there.
    if (!(error instanceof KubeError && error.kind === 'forbidden')) throw error
  }
  return { name: sharedAccount, isMade: false }
}

async function createProgram(
  api: KubeApi,
  { name, namespace, packed }: Submission,
  job: V1Job,
): Promise<void> {
  if (packed === undefined) return
  const program = fitsConfigMap(packed) ? packed.bytes : undefined
  await api.createConfigMap(
    namespace,
    programConfigMap({ name, namespace, owner: ownerReference(job), starter: starterText(), program }),
  )
}

/** Else somebody has to bring it to the pod. */
export function fitsConfigMap({ bytes, sha256 }: PackedProgram): boolean {
  return isInConfigMap({ sha256, byteLength: bytes.byteLength })
}

async function createAccount(api: KubeApi, job: V1Job): Promise<void> {
  const { name = '', namespace = '' } = job.metadata ?? {}
  const objects = accountObjects({ name, namespace, owner: ownerReference(job) })
  for (const [resource, object] of Object.entries(objects)) {
    try {
      await api.createObject(namespace, resource, object)
    } catch (error) {
      const isRefused = error instanceof KubeError && (error.kind === 'forbidden' || error.kind === 'denied')
      throw isRefused ? new AccountRefusedError(namespace, error) : error
    }
  }
}
