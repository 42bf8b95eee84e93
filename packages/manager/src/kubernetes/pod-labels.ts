/** Pure: the labels of what a manager has in a cluster. */

/** Which launch a pod is of; what is watched and what is removed together has one. */
export const sessionLabel = 'dialback.dev/session'
/** Set once the worker has joined. */
export const workerIdLabel = 'worker-id'
export const componentLabel = 'app.kubernetes.io/component'
export const managedByLabel = 'app.kubernetes.io/managed-by'

/** On all that belongs to a session. */
export function sessionLabels(session: string): Record<string, string> {
  return {
    'app.kubernetes.io/name': 'dialback-worker',
    'app.kubernetes.io/part-of': 'dialback',
    ...findingLabels(session),
  }
}

/** Those by which it is found again, watched and removed. */
export function findingLabels(session: string): Record<string, string> {
  return { [componentLabel]: 'worker', [managedByLabel]: 'dialback', [sessionLabel]: session }
}
