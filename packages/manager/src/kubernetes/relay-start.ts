/** Pure: whether the relay of a Job has never started, and nobody waits for it any more. */

import type { V1Job, V1Pod } from '@kubernetes/client-node'
import { startsUntilAnnotation } from './relay-job.ts'

/**
 * A relay that runs ends when its manager is gone; one that never ran, for want of its image perhaps, stays.
 *
 * @param relayPods of all relays
 * @param now in ms since the epoch
 */
export function hasNeverStarted(job: V1Job, relayPods: readonly V1Pod[], now: number): boolean {
  const { metadata, status } = job
  const until = metadata?.annotations?.[startsUntilAnnotation]
  if (until === undefined || Date.parse(until) > now) return false
  // One that is replaced, or on a node that does not answer, has run.
  if ([status?.ready, status?.failed, status?.succeeded, status?.terminating].some(Boolean)) return false
  const isItsOwn = (pod: V1Pod): boolean =>
    pod.metadata?.ownerReferences?.some(({ uid }) => uid === metadata?.uid) === true
  return relayPods.filter(isItsOwn).every(hasNeverRun)
}

function hasNeverRun({ status }: V1Pod): boolean {
  const containers = status?.containerStatuses ?? []
  return containers.every(
    ({ state, lastState }) =>
      state?.running === undefined && state?.terminated === undefined && lastState?.terminated === undefined,
  )
}
