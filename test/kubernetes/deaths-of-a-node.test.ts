/** The node of a pod falls silent. Only the cluster of test/cluster runs its kubelet where a test can stop it. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { daemonPid } from './support/cluster-daemon.ts'
import { errorOf, type PodCluster, startPodCluster } from './support/pod-cluster.ts'
import { eventually } from './support/test-namespace.ts'

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

  test('leaves workers Disconnected; when it is back they are told to have ended as they did, and the others go on', async () => {
    const { cluster, manager, namespace } = started
    const [first = 0, second = 0, third = 0] = await cluster.addProcs(manager(3))
    const [firstPod, secondPod] = await Promise.all(
      [first, second].map(
        async (id) => await cluster.remoteCallFetch(() => process.env['DIALBACK_POD_NAME'], id),
      ),
    )
    signal('SIGSTOP')
    try {
      const startedAt = performance.now()
      const [error, another] = await Promise.all([
        errorOf(cluster.remoteCallFetch(() => process.exit(3), first)),
        errorOf(cluster.remoteCallFetch(useAllMemory, second)),
      ])

      expect(performance.now() - startedAt).toBeLessThan(30_000)
      expect(error).toMatchObject({
        workerId: first,
        reason: 'Disconnected',
        blame: 'infrastructure',
        pod: { name: firstPod, namespace: namespace.name },
        status: { phase: 'Running' },
      })
      expect(started.warnings).toContain(`warn: ${error.message}`)
      expect(another).toMatchObject({ workerId: second, reason: 'Disconnected' })
      expect(await cluster.remoteCallFetch(() => 'alive', third)).toBe('alive')
    } finally {
      signal('SIGCONT')
    }
    const lines = await Promise.all(
      [firstPod, secondPod].map(async (pod) => await started.logged(`on pod ${pod}, lost as`)),
    )
    expect(lines).toEqual([
      `info: Worker ${first} on pod ${firstPod}, lost as Disconnected, ended with: Error (exit code 3)`,
      `info: Worker ${second} on pod ${secondPod}, lost as Disconnected, ended with: OOMKilled (exit code 137, memory limit 200Mi)`,
    ])
    expect(started.warnings).toHaveLength(2)
    expect(await errorOf(cluster.remoteCallFetch(() => 'alive', second))).toMatchObject({
      workerId: second,
      reason: 'OOMKilled',
      exitCode: 137,
      blame: 'item',
    })
    const workers = 'app.kubernetes.io/component=worker'
    await eventually('that their pods are gone', async () => (await namespace.pods(workers)).length === 1)
    expect(await cluster.remoteCallFetch(() => 'alive', third)).toBe('alive')
    await cluster.rmProcs(third)
    expect(await namespace.left()).toEqual([])
  })

  test('keeps nobody waiting who removes the others, nor does anything stay behind', async () => {
    const { cluster, manager, namespace } = started
    const [first = 0, second = 0] = await cluster.addProcs(manager(2))
    signal('SIGSTOP')
    try {
      expect(await errorOf(cluster.remoteCallFetch(() => process.exit(3), first))).toMatchObject({
        reason: 'Disconnected',
      })
      expect(cluster.workers()).toEqual([second])
      await cluster.rmProcs(second)
      expect(await namespace.left()).toEqual([])
    } finally {
      signal('SIGCONT')
    }
  })
})

function useAllMemory(): void {
  const all: Buffer[] = []
  for (;;) all.push(Buffer.alloc(16_000_000, 1))
}

function signal(name: 'SIGSTOP' | 'SIGCONT'): void {
  if (kubelet !== undefined) process.kill(kubelet, name)
}
