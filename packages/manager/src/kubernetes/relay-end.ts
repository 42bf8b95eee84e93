/** Pure: whether the relay of a Job has ended for good. */

import type { V1Job, V1Pod } from '@kubernetes/client-node'
import { finalCondition } from './job-facts.ts'
import { containerStatus } from './pod-facts.ts'
import { relayComponent } from './relay-job.ts'

/**
 * The Job is not over before all containers of its pod are, and the cluster may have added some that do not end.
 *
 * @param relayPods of all relays
 */
export function hasRelayEnded(job: V1Job, relayPods: readonly V1Pod[]): boolean {
  return finalCondition(job) !== undefined || relayPods.some((pod) => isItsOwn(pod, job) && hasLeft(pod))
}

function isItsOwn({ metadata }: V1Pod, job: V1Job): boolean {
  return metadata?.ownerReferences?.some(({ uid }) => uid === job.metadata?.uid) === true
}

/** With any other code it was taken away, and another one takes its place. */
function hasLeft(pod: V1Pod): boolean {
  return containerStatus(pod, relayComponent)?.state?.terminated?.exitCode === 0
}
