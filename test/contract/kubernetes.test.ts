import { afterAll, describe } from 'vitest'
import { managedNamespace } from '../kubernetes/support/managed-namespace.ts'
import { eventually, hasCluster, type TestNamespace } from '../kubernetes/support/test-namespace.ts'
import { clusterManagerContract } from './cluster-manager-contract.ts'
import { makeManager } from './kubernetes-manager.ts'

describe.skipIf(!hasCluster)('on Kubernetes', { timeout: 240_000 }, async () => {
  const namespace = hasCluster ? await managedNamespace() : undefined
  afterAll(async () => {
    await namespace?.[Symbol.asyncDispose]()
  })

  clusterManagerContract('K8sClusterManager', makeManager, {
    module: import.meta.resolve('./kubernetes-manager.ts'),
    killed: { reason: 'Error', exitCode: 137, signal: 'SIGKILL', blame: 'unknown' },
    exited: (exitCode) => ({ reason: 'Error', exitCode, blame: 'item' }),
    left: async (testId) => await livePods(namespace, testId),
  })
})

/** Names pods whose worker has not ended, once there are none or after a while. */
async function livePods(namespace: TestNamespace | undefined, testId: string): Promise<readonly string[]> {
  let live: string[] = []
  await eventually(
    'that no pod is left',
    async () => {
      const pods = (await namespace?.pods(`dialback-test=${testId}`)) ?? []
      live = pods
        .filter(({ status }) => status?.phase === 'Pending' || status?.phase === 'Running')
        .map(({ metadata }) => metadata?.name ?? '')
      return live.length === 0
    },
    40_000,
  ).catch(() => {})
  return live
}
