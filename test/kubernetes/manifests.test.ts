/** What `dialback manifests` prints is what a cluster takes, and is enough. */

import { describe, expect, test } from 'vitest'
import { applyManifests } from './support/apply-manifests.ts'
import {
  ended,
  eventually,
  hasCluster,
  managerImage,
  restricted,
  TestNamespace,
} from './support/test-namespace.ts'

const script = `
import { addProcs, K8sClusterManager, remoteCallFetch } from '@dialback/manager'
const [id] = await addProcs(new K8sClusterManager(1, { cpu: 0.1, memory: '300Mi', pendingTimeout: 100 }))
console.log(await remoteCallFetch(() => 'it answered', id))
`

describe.skipIf(!hasCluster)('dialback manifests', { timeout: 200_000 }, () => {
  test('rbac is all that a manager in the cluster needs', async () => {
    await using namespace = await TestNamespace.create()
    const { core, name } = namespace
    await applyManifests('rbac', '--namespace', name)
    const spec = restricted(managerImage, ['node', '--input-type=module', '-e', script])
    spec.serviceAccountName = 'dialback-manager'
    await core.createNamespacedPod({ namespace: name, body: { metadata: { name: 'manager' }, spec } })

    await ended(namespace, 'manager')

    const log = await core.readNamespacedPodLog({ namespace: name, name: 'manager' })
    expect(log).toContain('it answered')
    expect(log).not.toContain('permission')
    expect(await namespace.left()).toEqual([])
  })

  test('interactive-session is a session that waits to be attached to', async () => {
    await using namespace = await TestNamespace.create()
    const { core, name } = namespace
    await applyManifests('rbac', '--namespace', name)
    await applyManifests('interactive-session', '--namespace', name)
    const log = async (): Promise<string> => {
      const [pod] = await namespace.pods('batch.kubernetes.io/job-name=interactive-session')
      const podName = pod?.metadata?.name
      if (podName === undefined) return ''
      return await core.readNamespacedPodLog({ namespace: name, name: podName }).catch(() => '')
    }

    await eventually('the session', async () => (await log()).includes('dialback 0.'), 120_000)

    expect(await log()).toContain('no workers yet: await addProcs(n)')
  })
})
