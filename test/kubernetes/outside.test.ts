/** The manager is this process, which pods dial at an address of this machine. */

import { createServer } from 'node:net'
import { K8sClusterManager, type K8sOptions } from '@dialback/manager'
import { beforeAll, describe, expect, test } from 'vitest'
import { startCluster } from '../test-cluster.ts'
import { freePort, listen } from './support/free-port.ts'
import { createQuota } from './support/quota.ts'
import {
  eventually,
  hasCluster,
  reachableAddress,
  TestNamespace,
  workerImage,
} from './support/test-namespace.ts'

describe.skipIf(!hasCluster)(
  'a manager outside the cluster, which pods can dial',
  { timeout: 240_000 },
  () => {
    let address = ''
    beforeAll(async () => {
      await using namespace = await TestNamespace.create()
      address = await reachableAddress(namespace)
    }, 200_000)

    const options = async (namespace: TestNamespace, more: K8sOptions = {}): Promise<K8sOptions> => ({
      namespace: namespace.name,
      cpu: 0.1,
      memory: '300Mi',
      pendingTimeout: 120,
      connection: 'direct',
      advertise: `${address}:${await freePort()}`,
      ...more,
    })

    test('runs the session of the documentation', async () => {
      await using namespace = await TestNamespace.create()
      await using started = await startCluster()
      const { cluster, log } = started
      const given = await options(namespace)

      const ids = await cluster.addProcs(new K8sClusterManager(3, given))
      const mapped = await cluster.pmap(() => process.ppid, Array.from({ length: 3 }).keys())
      await cluster.everywhere({ oom })
      const error: Record<string, unknown> = await cluster
        .remoteCallFetch(() => Reflect.get(globalThis, 'oom')(), 4)
        .catch((thrown) => thrown)

      expect(ids).toEqual([2, 3, 4])
      // Of a container nothing but the cluster is the parent.
      expect(mapped).toEqual([0, 0, 0])
      expect(log.filter((line) => line.endsWith(' is up'))).toHaveLength(3)
      expect(error).toMatchObject({
        name: 'WorkerTerminatedError',
        workerId: 4,
        reason: 'OOMKilled',
        exitCode: 137,
        blame: 'item',
        pod: { namespace: namespace.name, node: expect.any(String), uid: expect.any(String) },
        status: { qosClass: 'Guaranteed' },
      })
      expect(error['message']).toMatch(
        /^Worker 4 on pod \S+-worker-\w{5} was terminated due to: OOMKilled \(exit code 137, memory limit 300Mi\)$/,
      )
      expect(log.filter((line) => line.startsWith('warn'))).toEqual([`warn: ${String(error['message'])}`])
      expect(cluster.workers()).toEqual([2, 3])
      expect(await cluster.remoteCallFetch(() => 'alive', 3)).toBe('alive')
      const pods = await namespace.pods('app.kubernetes.io/managed-by=dialback')
      expect(pods.map(({ metadata }) => metadata?.labels?.['worker-id']).toSorted()).toEqual(['2', '3'])
      expect(pods[0]?.spec?.containers[0]?.image).toBe(workerImage)

      await cluster.rmProcs([2, 3])
      expect(await namespace.left()).toEqual([])
    })

    test('goes on without a pod that cannot be scheduled, says why, and deletes it', async () => {
      await using namespace = await TestNamespace.create()
      await using started = await startCluster()
      const { cluster, log } = started
      const given = await options(namespace, { memory: '1Pi', pendingTimeout: 10 })

      const ids = await cluster.addProcs(new K8sClusterManager(1, given))

      expect(ids).toEqual([])
      expect(log.filter((line) => line.startsWith('info'))).toEqual([
        expect.stringMatching(/^info: 0 of 1 up; 1 pending: Unschedulable: 0\/\d+ nodes are available: /),
      ])
      const [warning = '', ...others] = log.filter((line) => line.startsWith('warn'))
      expect(others).toEqual([])
      expect(warning).toMatch(
        /^warn: timed out after waiting for worker \S+-worker-\w{5} to start for 10 seconds, with status:\n/,
      )
      expect(JSON.parse(warning.slice(warning.indexOf('\n')))).toMatchObject({
        phase: 'Pending',
        qosClass: 'Guaranteed',
        conditions: [
          {
            type: 'PodScheduled',
            status: 'False',
            reason: 'Unschedulable',
            message: expect.stringMatching(/^0\/\d+ nodes are available/),
          },
        ],
      })
      expect(await namespace.left()).toEqual([])
    })

    test('creates what configure returns, with what was asked of it, once a launch', async () => {
      await using namespace = await TestNamespace.create()
      await using started = await startCluster()
      const { cluster } = started
      let calls = 0
      const given = await options(namespace, {
        env: { GREETING: 'hello' },
        labels: { team: 'x' },
        configure: (pod) => {
          calls += 1
          return Object.assign({}, pod, {
            metadata: Object.assign({}, pod.metadata, { annotations: { configured: 'yes' } }),
          })
        },
      })

      const ids = await cluster.addProcs(new K8sClusterManager(2, given))

      expect(await cluster.remoteCallFetch(() => process.env['GREETING'], ids[0] ?? 0)).toBe('hello')
      expect(calls).toBe(1)
      const pods = await namespace.pods('team=x')
      expect(pods.map(({ metadata }) => metadata?.annotations?.['configured'])).toEqual(['yes', 'yes'])
    })

    test('sees the end of a pod, and removes it, also when configure replaced its labels and owners', async () => {
      await using namespace = await TestNamespace.create()
      await using started = await startCluster()
      const { cluster } = started
      const given = await options(namespace, {
        configure: (pod) => Object.assign(pod, { metadata: { labels: { team: 'x' } } }),
      })
      const [id = 0, other = 0] = await cluster.addProcs(new K8sClusterManager(2, given))
      const [pod] = await namespace.pods('team=x')
      expect(pod?.metadata?.ownerReferences).toHaveLength(1)

      const call = cluster.remoteCallFetch(() => process.exit(3), id)

      await expect(call).rejects.toMatchObject({ reason: 'Error', exitCode: 3 })
      await cluster.rmProcs(other)
      expect(await namespace.left()).toEqual([])
      await eventually('that the pods are gone', async () => (await namespace.pods()).length === 0)
    })

    test.each([
      [
        'an image that is not there',
        { imagePullPolicy: 'Never', image: 'localhost/absent:1' } as const,
        'ErrImageNeverPull',
      ],
      [
        'a command that is not there',
        {
          configure: (pod) => {
            for (const container of pod.spec?.containers ?? []) container.command = ['/absent']
            return pod
          },
        } satisfies K8sOptions,
        'StartError',
      ],
    ])('ends the wait at once for %s', async (_, more: K8sOptions, reason) => {
      await using namespace = await TestNamespace.create()
      await using started = await startCluster()
      const { cluster, log } = started
      const startedAt = performance.now()

      const ids = await cluster.addProcs(new K8sClusterManager(1, await options(namespace, more)))

      expect(ids).toEqual([])
      expect(performance.now() - startedAt).toBeLessThan(110_000)
      expect(log.filter((line) => line.startsWith('warn'))).toEqual([expect.stringContaining(reason)])
      expect(await namespace.left()).toEqual([])
    })

    test('rejects when it cannot listen on the port that pods are to dial', async () => {
      await using namespace = await TestNamespace.create()
      await using started = await startCluster()
      const taken = createServer()
      const port = await listen(taken)
      const advertise = `${address}:${port}`

      const adding = started.cluster.addProcs(
        new K8sClusterManager(1, await options(namespace, { advertise })),
      )

      await expect(adding).rejects.toMatchObject({
        name: 'LaunchError',
        message: expect.stringMatching(
          new RegExp(`Cannot listen on port ${port}, that of the option advertise: .*EADDRINUSE`),
        ),
      })
      taken.close()
      expect(await namespace.left()).toEqual([])
    })

    test('rejects when nothing could be asked for, and when fewer joined than are needed', async () => {
      await using namespace = await TestNamespace.create()
      await using started = await startCluster()
      const { cluster } = started

      const absent = new K8sClusterManager(1, await options(namespace, { namespace: 'dialback-test-absent' }))
      await expect(cluster.addProcs(absent)).rejects.toMatchObject({
        name: 'LaunchError',
        message: expect.stringContaining('there is no namespace "dialback-test-absent"'),
      })
      const tooFew = await options(namespace, { memory: '1Pi', pendingTimeout: 1, minWorkers: 1 })
      await expect(cluster.addProcs(new K8sClusterManager(2, tooFew))).rejects.toMatchObject({
        name: 'LaunchError',
        failures: [{ name: expect.any(String) }, { name: expect.any(String) }],
      })
      expect(await namespace.left()).toEqual([])
    })

    test('loses only the pod that a quota refuses', async () => {
      await using namespace = await TestNamespace.create()
      // Of the relay as well, which needs little.
      await createQuota(namespace, 'two', { 'requests.memory': '700Mi' })
      await using started = await startCluster()
      const { cluster, log } = started

      const ids = await cluster.addProcs(new K8sClusterManager(3, await options(namespace)))

      expect(ids).toHaveLength(2)
      expect(log.filter((line) => line.startsWith('warn'))).toEqual([
        expect.stringContaining('exceeded quota'),
      ])
      expect(await cluster.pmap((n: number) => n + 1, [1, 2])).toEqual([2, 3])
    })
  },
)

function oom(): void {
  const all: Buffer[] = []
  for (;;) all.push(Buffer.alloc(16_000_000, 1))
}
