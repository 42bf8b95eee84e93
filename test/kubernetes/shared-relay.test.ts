/** Several managers of one cluster, outside of Kubernetes, as when workers are added little by little. */

import { K8sClusterManager, type K8sOptions } from '@dialback/manager'
import { describe, expect, test } from 'vitest'
import { startCluster } from '../test-cluster.ts'
import { eventually, hasCluster, TestNamespace } from './support/test-namespace.ts'
import { tunnelOptions } from './support/tunnel-options.ts'

describe.skipIf(!hasCluster)('managers whose workers come through a relay', { timeout: 240_000 }, () => {
  const one = (namespace: TestNamespace, more?: K8sOptions): K8sClusterManager =>
    new K8sClusterManager(1, tunnelOptions(namespace, more))
  const relays = async (namespace: TestNamespace): Promise<number> =>
    (await namespace.pods('app.kubernetes.io/component=relay')).length

  test('share it, and it goes with the last worker of them all', async () => {
    await using namespace = await TestNamespace.create()
    await using started = await startCluster()
    const { cluster, log } = started

    const first = await cluster.addProcs(one(namespace))
    const others = await Promise.all([
      cluster.addProcs(one(namespace)),
      cluster.addProcs(one(namespace, { memory: '200Mi' })),
    ])

    expect(await relays(namespace)).toBe(1)
    expect(log.filter((line) => line.includes('Workers reach'))).toHaveLength(1)
    await cluster.rmProcs(first)
    expect(await cluster.pmap((n: number) => n * 2, [1, 2, 3])).toEqual([2, 4, 6])
    await cluster.rmProcs(others.flat())
    expect(await namespace.left()).toEqual([])
    await eventually('that the pods are gone', async () => (await namespace.pods()).length === 0)
  })

  test('have one each where their images differ: one that is not there keeps no others from starting', async () => {
    await using namespace = await TestNamespace.create()
    await using started = await startCluster()
    const { cluster } = started
    const image = 'localhost/absent:1'

    const [absent, present] = await Promise.all([
      cluster.addProcs(one(namespace, { image, imagePullPolicy: 'Never' })),
      cluster.addProcs(one(namespace)),
    ])

    expect(absent).toEqual([])
    expect(await cluster.remoteCallFetch(() => 'here', present[0] ?? 0)).toBe('here')
  })
})
