/** Pure: what of a Job's status more than one place asks for. */

import type { V1Job, V1JobCondition } from '@kubernetes/client-node'

/** How the Job as a whole has ended; undefined as long as it has not. */
export function finalCondition({ status }: V1Job): V1JobCondition | undefined {
  return status?.conditions?.find(
    (condition) =>
      (condition.type === 'Complete' || condition.type === 'Failed') && condition.status === 'True',
  )
}
