/** The pod that this process runs in, as the API server knows it. */

import { type Clock, systemClock } from '@dialback/runtime'
import type { V1Pod } from '@kubernetes/client-node'
import type { KubeApi } from './kube-api.ts'
import { pause } from './kube-retry.ts'

const lookEveryMs = 100
/** The kubelet tells within a second or so; one that takes longer than this never will. */
const patienceMs = 15_000

/**
 * Waits until the address of the pod is known: the kubelet starts a container first, and tells afterwards.
 *
 * @throws {KubeError} what the API server refuses.
 */
export async function findOwnPod(
  api: Pick<KubeApi, 'getPod'>,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  clock: Clock = systemClock,
): Promise<V1Pod> {
  const giveUpAt = clock.now() + patienceMs
  for (;;) {
    const pod = await api.getPod(namespace, name)
    if (pod.status?.podIP || clock.now() >= giveUpAt) return pod
    await pause(lookEveryMs, { clock })
  }
}
