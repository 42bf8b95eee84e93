/** The workers of a submitted script, which its manager's pods own. */

import { systemClock } from '@dialback/runtime'
import type { V1Job, V1Pod } from '@kubernetes/client-node'
import type { KubeApi } from '../kubernetes/kube-api.ts'
import { KubeError } from '../kubernetes/kube-error.ts'
import { pause } from '../kubernetes/kube-retry.ts'

/** Chooses workers, and what belongs to them. */
export const workerSelector = 'app.kubernetes.io/managed-by=dialback,app.kubernetes.io/component=worker'

const lookEveryMs = 400
/** Their grace period and some more: a node that does not answer never ends them. */
const patienceMs = 45_000

/** Of the pods of a Job: the uids, by which their workers are known; none for those who may not list pods. */
export async function managersOf(api: KubeApi, { metadata }: V1Job): Promise<ReadonlySet<string>> {
  const { namespace = '', name = '' } = metadata ?? {}
  const labelSelector = `batch.kubernetes.io/job-name=${name}`
  try {
    const { items } = await api.listPods(namespace, { labelSelector })
    return new Set(items.map((pod) => pod.metadata?.uid ?? ''))
  } catch (error) {
    if (error instanceof KubeError && error.kind === 'forbidden') return new Set()
    throw error
  }
}

export function isOwnedBy(
  { metadata }: { readonly metadata?: V1Pod['metadata'] },
  managers: ReadonlySet<string>,
): boolean {
  return metadata?.ownerReferences?.some(({ uid }) => managers.has(uid)) === true
}

/** Resolves when none of their workers is there any more; after a while all the same. @throws {KubeError} */
export async function untilWorkersGone(
  api: KubeApi,
  namespace: string,
  managers: ReadonlySet<string>,
): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (managers.size > 0) {
    const { items } = await api.listPods(namespace, { labelSelector: workerSelector })
    if (!items.some((pod) => isOwnedBy(pod, managers)) || performance.now() > deadline) return
    await pause(lookEveryMs, { clock: systemClock })
  }
}
