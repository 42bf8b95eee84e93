/** Pods die while a call runs on them, each in another way; the call says why, and the others go on. */

import { randomBytes } from 'node:crypto'
import { KubeConfig, PatchStrategy, SchedulingV1Api, setHeaderOptions } from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, type PodCluster, startPodCluster } from './support/pod-cluster.ts'
import { hasCluster, restricted, workerImage } from './support/test-namespace.ts'

describe.skipIf(!hasCluster)('a pod that dies while a call runs on it', { timeout: 90_000 }, () => {
  let started: PodCluster
  let ids: number[]

  beforeAll(async () => {
    started = await startPodCluster()
    ids = await started.cluster.addProcs(started.manager(9))
  }, 150_000)

  afterAll(async () => {
    await started[Symbol.asyncDispose]()
  }, 60_000)

  /** A worker of its own for each test. */
  function nextId(): number {
    const id = ids.shift()
    if (id === undefined) throw new Error('There are fewer workers than tests')
    return id
  }

  /** Starts a call that never answers on the next worker, and gives it with its pod's name. */
  async function victim(): Promise<{
    id: number
    pod: string
    error: Promise<Error & Record<string, unknown>>
  }> {
    const id = nextId()
    const pod = await started.cluster.remoteCallFetch(() => process.env['DIALBACK_POD_NAME'] ?? '', id)
    return { id, pod, error: errorOf(started.cluster.remoteCallFetch(() => new Promise(() => {}), id)) }
  }

  test.each([
    [0, 'Completed'],
    [3, 'Error'],
  ])('by itself with exit code %i is %s', async (exitCode, reason) => {
    const id = nextId()
    const error = await errorOf(
      started.cluster.remoteCallFetch(
        (code: number) => {
          console.error('about to end')
          // So that what was written is on its way.
          setTimeout(() => process.exit(code), 200)
          return new Promise(() => {})
        },
        id,
        exitCode,
      ),
    )
    expect(error).toMatchObject({
      name: 'WorkerTerminatedError',
      workerId: id,
      reason,
      exitCode,
      blame: 'item',
      pod: { namespace: started.namespace.name },
    })
    expect(error.message).toMatch(
      new RegExp(`^Worker ${id} on pod \\S+ was terminated due to: ${reason} \\(exit code ${exitCode}`),
    )
    expect(error['logs']).toContain('about to end')
    expect(started.warnings).toContain(`warn: ${error.message}`)
  })

  test('by a SIGKILL of its own has exit code 137', async () => {
    const id = nextId()
    const error = await errorOf(
      started.cluster.remoteCallFetch(() => {
        process.kill(process.pid, 'SIGKILL')
        return new Promise(() => {})
      }, id),
    )
    expect(error).toMatchObject({
      name: 'WorkerTerminatedError',
      workerId: id,
      reason: 'Error',
      exitCode: 137,
      signal: 'SIGKILL',
      blame: 'unknown',
    })
  })

  test("of V8's full heap is HeapOutOfMemory", async () => {
    const error = await errorOf(
      started.cluster.remoteCallFetch(() => {
        const all: unknown[] = []
        for (;;) all.push(Array.from({ length: 100_000 }).fill(0.5))
      }, nextId()),
    )
    expect(error).toMatchObject({ reason: 'HeapOutOfMemory', blame: 'item' })
    expect(error.message).toContain('memory limit 200Mi')
  })

  test('because somebody deleted it is Deleted', async () => {
    const { id, pod, error } = await victim()
    await started.namespace.core.deleteNamespacedPod({ namespace: started.namespace.name, name: pod })
    expect(await error).toMatchObject({
      workerId: id,
      reason: 'Deleted',
      blame: 'infrastructure',
      pod: { name: pod },
    })
  })

  test('because it was deleted without its last word is Deleted', async () => {
    const { pod, error } = await victim()
    await started.namespace.core.deleteNamespacedPod({
      namespace: started.namespace.name,
      name: pod,
      gracePeriodSeconds: 0,
    })
    expect(await error).toMatchObject({ reason: 'Deleted', blame: 'infrastructure', pod: { name: pod } })
  })

  test('by the Eviction API is EvictionByEvictionAPI', async () => {
    const { pod, error } = await victim()
    const { name: namespace, core } = started.namespace
    await core.createNamespacedPodEviction({
      namespace,
      name: pod,
      body: { metadata: { name: pod, namespace } },
    })
    expect(await error).toMatchObject({
      reason: 'EvictionByEvictionAPI',
      blame: 'infrastructure',
      pod: { name: pod },
    })
  })

  test('because its time is over is DeadlineExceeded', async () => {
    const { pod, error } = await victim()
    await started.namespace.core.patchNamespacedPod(
      { namespace: started.namespace.name, name: pod, body: { spec: { activeDeadlineSeconds: 1 } } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
    )
    expect(await error).toMatchObject({
      reason: 'DeadlineExceeded',
      blame: 'configuration',
      pod: { name: pod },
    })
  })

  test('by preemption is PreemptionByScheduler', async () => {
    const { pod, error } = await victim()
    const { core, name: namespace } = started.namespace
    const config = new KubeConfig()
    config.loadFromDefault()
    const scheduling = config.makeApiClient(SchedulingV1Api)
    const name = `dialback-test-${randomBytes(4).toString('hex')}`
    await scheduling.createPriorityClass({ body: { metadata: { name }, value: 1_000 } })
    try {
      // A pod that is worth more, and that will not be on the node of this one.
      const victimPod = await core.readNamespacedPod({ namespace, name: pod })
      await core.patchNamespacedPod(
        { namespace, name: pod, body: { metadata: { labels: { victim: name } } } },
        setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
      )
      const spec = restricted(workerImage, ['node', '--version'])
      spec.priorityClassName = name
      spec.nodeSelector = { 'kubernetes.io/hostname': victimPod.spec?.nodeName ?? '' }
      spec.affinity = {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { victim: name } } },
          ],
        },
      }
      await core.createNamespacedPod({ namespace, body: { metadata: { name }, spec } })
      expect(await error).toMatchObject({
        reason: 'PreemptionByScheduler',
        blame: 'infrastructure',
        pod: { name: pod },
      })
    } finally {
      await scheduling.deletePriorityClass({ name })
    }
  })
})
