/** Pure: what managers that are gone have left in a cluster, by who owned it. */

import type { V1Job, V1ObjectMeta, V1OwnerReference, V1Pod, V1Secret } from '@kubernetes/client-node'
import { unfinishedAnnotation } from '../submit/submission-job.ts'
import { hasEnded } from './pod-facts.ts'
import { sessionLabel } from './pod-labels.ts'
import { hasRelayEnded } from './relay-end.ts'
import { hasNeverStarted } from './relay-start.ts'

export interface Leftover {
  readonly kind: 'Job' | 'Pod' | 'Secret'
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly session: string
  /** Why nobody needs it any more, for people. */
  readonly why: string
  /** As the API server wrote it. */
  readonly createdAt: string
}

export interface ClusterObjects {
  /** Those of relays. */
  readonly jobs: readonly V1Job[]
  /** Jobs that `dialback submit` has made. */
  readonly submissions: readonly V1Job[]
  readonly pods: readonly V1Pod[]
  /** Those of relays, which the cluster removes with their Jobs. */
  readonly relayPods: readonly V1Pod[]
  readonly secrets: readonly V1Secret[]
  /** The pods of managers that own some of these, by uid; those that are not there any more are missing. */
  readonly managers: ReadonlyMap<string, V1Pod>
  /** In ms since the epoch. */
  readonly now: number
}

/** A launch makes its Secret before its pods, and the Job of a relay before its Secret: one alone is nobody's only after a while. */
const lonelyMs = 600_000

/** All of them have our label. @returns Jobs first, with which most of the rest goes. */
export function leftovers(objects: ClusterObjects): Leftover[] {
  const { jobs, submissions, pods, relayPods, secrets, managers, now } = objects
  const relaysByUid = new Map(
    jobs.map((job) => [job.metadata?.uid ?? '', { hasEnded: hasRelayEnded(job, relayPods) }]),
  )
  const owned = (metadata: V1ObjectMeta | undefined): string | undefined => {
    const owner = metadata?.ownerReferences?.[0]
    return owner === undefined ? undefined : fateOf(owner, relaysByUid, managers)
  }
  const sessionsWithPods = new Set(pods.map(({ metadata }) => metadata?.labels?.[sessionLabel]))
  const isLonely = ({ metadata }: V1Secret): boolean =>
    metadata?.ownerReferences === undefined &&
    !sessionsWithPods.has(metadata?.labels?.[sessionLabel]) &&
    now - Date.parse(timeOf(metadata)) > lonelyMs
  const sessionsWithSecrets = new Set(secrets.map(({ metadata }) => metadata?.labels?.[sessionLabel]))
  const fateOfJob = (job: V1Job): string | undefined => {
    if (hasRelayEnded(job, relayPods)) return 'its relay has ended'
    const { metadata, status } = job
    const isBegun = sessionsWithSecrets.has(metadata?.labels?.[sessionLabel]) || (status?.ready ?? 0) > 0
    const isOld = now - Date.parse(timeOf(metadata)) > lonelyMs
    return isOld && !isBegun ? 'its relay never started, for want of its Secret' : undefined
  }
  const fateOfStart = (job: V1Job): string | undefined => {
    // With workers a manager is alive that needs no relay.
    const hasWorkers = sessionsWithPods.has(job.metadata?.labels?.[sessionLabel])
    return !hasWorkers && hasNeverStarted(job, relayPods, now) ? 'its relay never started' : undefined
  }
  return [
    ...jobs.flatMap((job) => found('Job', job.metadata, fateOfJob(job) ?? fateOfStart(job))),
    ...submissions.flatMap((job) => found('Job', job.metadata, fateOfSubmission(job, now))),
    ...pods.flatMap((pod) => {
      const isAlone = pod.metadata?.ownerReferences === undefined && hasEnded(pod)
      return found('Pod', pod.metadata, isAlone ? 'it has ended, and nothing owns it' : owned(pod.metadata))
    }),
    ...secrets.flatMap((secret) =>
      found(
        'Secret',
        secret.metadata,
        isLonely(secret) ? 'nothing owns it, and no pod uses it' : owned(secret.metadata),
      ),
    ),
  ]
}

/** Names of the pods that own something, each in the namespace of what it owns. */
export function managerPods(
  objects: readonly { readonly metadata?: V1ObjectMeta }[],
): { readonly namespace: string; readonly name: string }[] {
  const names = new Map<string, { namespace: string; name: string }>()
  for (const { metadata } of objects) {
    const owner = metadata?.ownerReferences?.[0]
    if (owner?.kind !== 'Pod') continue
    const namespace = metadata?.namespace ?? ''
    names.set(`${namespace}/${owner.name}`, { namespace, name: owner.name })
  }
  return [...names.values()]
}

/** What became of the owner; undefined while it is alive. */
function fateOf(
  { kind, name, uid }: V1OwnerReference,
  relays: ReadonlyMap<string, { readonly hasEnded: boolean }>,
  managers: ReadonlyMap<string, V1Pod>,
): string | undefined {
  if (kind === 'Job') {
    const relay = relays.get(uid)
    if (relay === undefined) return `its owner, Job ${name}, is gone`
    return relay.hasEnded ? `the relay of its manager, Job ${name}, has ended` : undefined
  }
  // What somebody else made its owner is for them to know.
  if (kind !== 'Pod') return undefined
  const pod = managers.get(uid)
  if (pod === undefined) return `its manager, pod ${name}, is gone`
  return hasEnded(pod) ? `its manager, pod ${name}, has ended` : undefined
}

/** One that its user has suspended has no such annotation any more, and is theirs. */
function fateOfSubmission({ metadata, spec }: V1Job, now: number): string | undefined {
  const until = metadata?.annotations?.[unfinishedAnnotation]
  const isAbandoned = spec?.suspend === true && until !== undefined && Date.parse(until) < now
  return isAbandoned ? 'dialback submit was ended while it was making it' : undefined
}

function found(
  kind: Leftover['kind'],
  metadata: V1ObjectMeta | undefined,
  why: string | undefined,
): Leftover[] {
  // What is being deleted needs nobody's help.
  if (why === undefined || metadata?.deletionTimestamp !== undefined) return []
  const { namespace = '', name = '', uid = '', labels } = metadata ?? {}
  return [
    { kind, namespace, name, uid, session: labels?.[sessionLabel] ?? '', why, createdAt: timeOf(metadata) },
  ]
}

/** A text, although it is declared a Date. */
function timeOf(metadata: V1ObjectMeta | undefined): string {
  return String(metadata?.creationTimestamp ?? '')
}
