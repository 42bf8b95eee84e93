/** Pods that stay for their user to look at, although their workers have ended. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startScript } from '../support/run-script.ts'
import { withTempDir } from '../support/temp-dir.ts'
import { eventually, hasCluster, TestNamespace } from './support/test-namespace.ts'

describe.skipIf(!hasCluster)('pods that are to stay', { timeout: 240_000 }, () => {
  test('stay when the last worker is gone, and go with the manager', async () => {
    await using namespace = await TestNamespace.create()
    await using directory = await withTempDir({ resolvesPackages: true })
    const script = join(directory.path, 'manager.ts')
    writeFileSync(script, scriptIn(namespace))
    const manager = startScript(script, { timeoutMs: 200_000 })

    await manager.wrote('without workers')
    const [pod, ...others] = await namespace.pods('app.kubernetes.io/component=worker')

    expect(others).toEqual([])
    expect(pod).toMatchObject({
      metadata: { ownerReferences: [{ kind: 'Job' }] },
      status: { containerStatuses: [{ state: { terminated: { exitCode: 3 } } }] },
    })
    // With it the cluster would remove them.
    const [job] = (await namespace.batch.listNamespacedJob({ namespace: namespace.name })).items
    expect(job?.metadata).not.toHaveProperty('deletionTimestamp')

    manager.kill('SIGUSR2')
    expect(await manager.ended).toMatchObject({ code: 0, stdout: 'without workers\n' })
    await eventually('that nothing is left', async () => (await namespace.left()).length === 0)
  })
})

/** It goes on without workers until it is sent SIGUSR2. */
function scriptIn({ name: namespace }: TestNamespace): string {
  const options = { namespace, cpu: 0.1, memory: '300Mi', pendingTimeout: 120, keepPods: 'onFailure' }
  return `
import { addProcs, K8sClusterManager, remoteCallFetch, rmProcs } from '@dialback/manager'
const [failing, other] = await addProcs(new K8sClusterManager(2, ${JSON.stringify(options)}))
await remoteCallFetch(() => process.exit(3), failing).catch(() => {})
await rmProcs(other)
const waiting = setInterval(() => {}, 1_000)
process.once('SIGUSR2', () => clearInterval(waiting))
console.log('without workers')
`
}
