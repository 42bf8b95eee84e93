/** Pure: the container of a manager that `dialback submit` has started. */

import type { V1Container, V1Pod } from '@kubernetes/client-node'
import { managerContainer, submissionLabels } from '../submit/submission-job.ts'

const nameLabel = 'app.kubernetes.io/name'

/** By its name: the cluster may have added others. Undefined in the pod of any other manager. */
export function submittedContainer(pod: V1Pod | undefined): V1Container | undefined {
  const { metadata, spec } = pod ?? {}
  if (metadata?.labels?.[nameLabel] !== submissionLabels[nameLabel]) return undefined
  return spec?.containers.find(({ name }) => name === managerContainer)
}
