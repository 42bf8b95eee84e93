/** Prints what the pods of a Job have written so far. */

import type { V1Job, V1Pod } from '@kubernetes/client-node'
import { LogPosition } from '../kubernetes/log-position.ts'
import { readOnce } from './follow-log.ts'
import { type FollowOptions, podSelector } from './follow-submission.ts'
import { hasStarted, jobOutcome, podsInOrder, waitingText } from './job-state.ts'

/** Of one after the other, as each was there because the one before it failed. @throws {KubeError} */
export async function printLogs(options: FollowOptions): Promise<void> {
  const { api, namespace, name, signal } = options
  const { items } = await api.listPods(namespace, { labelSelector: podSelector(name), signal })
  const pods = podsInOrder(items).filter(hasStarted)
  if (pods.length === 0) options.tell(whyNothing(await api.getJob(namespace, name, { signal }), items))
  for (const pod of pods) await readOnce(pod, new LogPosition(), { ...options, isFollowed: false })
}

function whyNothing(job: V1Job, pods: readonly V1Pod[]): string {
  if (jobOutcome(job) !== undefined)
    return 'There is no log: it has gone with its pod, or there never was one'
  const [pod] = podsInOrder(pods)
  return `There is no log yet: ${pod === undefined ? 'it has no pod' : waitingText(pod)}`
}
