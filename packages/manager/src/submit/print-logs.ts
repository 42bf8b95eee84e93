/** Prints what the pods of a Job have written so far. */

import { LogPosition } from '../kubernetes/log-position.ts'
import { readOnce } from './follow-log.ts'
import { type FollowOptions, podSelector } from './follow-submission.ts'
import { hasStarted, podsInOrder } from './job-state.ts'

/** Of one after the other, as each was there because the one before it failed. @throws {KubeError} */
export async function printLogs(options: FollowOptions): Promise<void> {
  const { api, namespace, name, signal } = options
  const { items } = await api.listPods(namespace, { labelSelector: podSelector(name), signal })
  for (const pod of podsInOrder(items).filter(hasStarted))
    await readOnce(pod, new LogPosition(), { ...options, isFollowed: false })
}
