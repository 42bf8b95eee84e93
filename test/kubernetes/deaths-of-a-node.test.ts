/** The node of a pod falls silent. Only the cluster of test/cluster runs its kubelet where a test can stop it. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { daemonPid } from './support/cluster-daemon.ts'
import { errorOf, type PodCluster, startPodCluster } from './support/pod-cluster.ts'

const kubelet = daemonPid('kubelet')

describe.skipIf(kubelet === undefined)('a node that falls silent', { timeout: 90_000 }, () => {
  let started: PodCluster

  beforeAll(async () => {
    started = await startPodCluster()
  }, 90_000)

  afterAll(async () => {
    signal('SIGCONT')
    await started[Symbol.asyncDispose]()
  }, 60_000)

  test('leaves a worker Disconnected whose end it does not tell, and the others go on', async () => {
    const { cluster, manager, namespace } = started
    const [first = 0, second = 0] = await cluster.addProcs(manager(2))
    const pod = await cluster.remoteCallFetch(() => process.env['DIALBACK_POD_NAME'], first)
    signal('SIGSTOP')
    try {
      const startedAt = performance.now()
      const error = await errorOf(cluster.remoteCallFetch(() => process.exit(3), first))

      expect(performance.now() - startedAt).toBeLessThan(30_000)
      expect(error).toMatchObject({
        workerId: first,
        reason: 'Disconnected',
        blame: 'infrastructure',
        pod: { name: pod, namespace: namespace.name },
        status: { phase: 'Running' },
      })
      expect(started.warnings).toContain(`warn: ${error.message}`)
      expect(await cluster.remoteCallFetch(() => 'alive', second)).toBe('alive')
    } finally {
      signal('SIGCONT')
    }
    await cluster.rmProcs([first, second])
    expect(await namespace.left()).toEqual([])
  })
})

function signal(name: 'SIGSTOP' | 'SIGCONT'): void {
  if (kubelet !== undefined) process.kill(kubelet, name)
}
