/** A pod with another container before the worker's: only the worker's own end counts. */

import type { V1Pod } from '@kubernetes/client-node'
import { describe, expect, test } from 'vitest'
import { errorOf, startPodCluster } from './support/pod-cluster.ts'
import { eventually, hasCluster, restricted, workerImage } from './support/test-namespace.ts'

/** As a webhook does that puts its own container first. */
function withSidecar(pod: V1Pod): V1Pod {
  const [sidecar] = restricted(workerImage, ['node', '-e', 'process.exit(7)']).containers
  if (sidecar === undefined) return pod
  sidecar.name = 'sidecar'
  pod.spec?.containers.unshift(sidecar)
  return pod
}

describe.skipIf(!hasCluster)('a pod with a sidecar', { timeout: 120_000 }, () => {
  test("outlives the sidecar's end, and dies of its own", async () => {
    await using started = await startPodCluster()
    const { cluster, namespace } = started
    const [id = 0] = await cluster.addProcs(started.manager(1, { configure: withSidecar }))
    await eventually('the end of the sidecar', async () => {
      const [pod] = await namespace.pods('app.kubernetes.io/component=worker')
      return (
        pod?.status?.containerStatuses?.find(({ name }) => name === 'sidecar')?.state?.terminated
          ?.exitCode === 7
      )
    })
    expect(await cluster.remoteCallFetch(() => 'alive', id)).toBe('alive')
    expect(await errorOf(cluster.remoteCallFetch(() => process.exit(3), id))).toMatchObject({
      reason: 'Error',
      exitCode: 3,
    })
  })
})
