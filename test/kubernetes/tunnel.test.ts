/** The manager is this process, which pods need not be able to dial. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { K8sClusterManager } from '@dialback/manager'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { startScript } from '../support/run-script.ts'
import { withTempDir } from '../support/temp-dir.ts'
import { startCluster, type TestCluster } from '../test-cluster.ts'
import { openApiProxy } from './support/api-proxy.ts'
import { managerAccount } from './support/service-account.ts'
import { eventually, hasCluster, TestNamespace } from './support/test-namespace.ts'
import { tunnelOptions } from './support/tunnel-options.ts'

const mebibyte = 1_048_576

describe.skipIf(!hasCluster)('a manager outside the cluster', { timeout: 240_000 }, () => {
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  test('has three workers through the tunnel, and nothing is left when they are removed', async () => {
    await using namespace = await TestNamespace.create()
    await using started = await startCluster()
    const { cluster, log } = started

    const ids = await cluster.addProcs(new K8sClusterManager(3, tunnelOptions(namespace)))
    const mapped = await cluster.pmap((n: number) => n * 2, Array.from({ length: 30 }).keys())

    expect(ids).toEqual([2, 3, 4])
    expect(mapped).toEqual(Array.from({ length: 30 }, (_, n) => n * 2))
    expect(log.filter((line) => line.includes('Workers'))).toEqual([
      'info: Workers reach this manager through the tunnel',
    ])
    // One pod more: the relay's.
    expect(await namespace.pods()).toHaveLength(4)
    await cluster.rmProcs(ids)
    expect(await namespace.left()).toEqual([])
    await eventually('that the pods are gone', async () => (await namespace.pods()).length === 0)
  })

  test('finds out by which way workers can come', async () => {
    await using namespace = await TestNamespace.create()
    await using started = await startCluster()
    const { cluster, log } = started

    const [id = 0] = await cluster.addProcs(
      new K8sClusterManager(1, tunnelOptions(namespace, { connection: 'auto' })),
    )

    expect(await cluster.remoteCallFetch(() => 'here', id)).toBe('here')
    expect(log.filter((line) => line.startsWith('info: Workers '))).toEqual([
      expect.stringMatching(
        /^info: Workers (dial this manager at \S+:\d+: the cluster reaches it there|reach this manager through the tunnel: .+)$/,
      ),
    ])
  })

  test('whose port-forward is cut in the middle of 100 MiB loses nothing and runs nothing twice', async () => {
    await using namespace = await TestNamespace.create()
    await using proxy = await openApiProxy()
    await using started = await startCluster()
    const { cluster } = started
    const [id = 0] = await cluster.addProcs(new K8sClusterManager(1, tunnelOptions(namespace)))
    await countRuns(started)

    const calling = cluster.remoteCallFetch(sizeOfCounted, id, new Uint8Array(100 * mebibyte).fill(7))
    await proxy.passed(30 * mebibyte)
    proxy.cut()

    expect(await calling).toEqual({ bytes: 100 * mebibyte, isWhole: true })
    expect(await cluster.remoteCallFetch(timesRun, id)).toBe(1)
    await started.logged('The tunnel stands again')
  })

  test('that is cut off for some seconds goes on where it was', async () => {
    await using namespace = await TestNamespace.create()
    await using proxy = await openApiProxy()
    await using started = await startCluster()
    const { cluster } = started
    const [id = 0] = await cluster.addProcs(new K8sClusterManager(1, tunnelOptions(namespace)))
    await countRuns(started)

    // Its answer finds no way for a while.
    const calling = cluster.remoteCallFetch(answerAfter, id, 1_000)
    const others = Array.from({ length: 20 }, (_, n) => cluster.remoteCallFetch((m: number) => m, id, n))
    proxy.close()
    await sleep(5_000)
    proxy.restore()

    expect(await calling).toBe('answered')
    expect(await Promise.all(others)).toEqual(Array.from({ length: 20 }, (_, n) => n))
    expect(await cluster.remoteCallFetch(timesRun, id)).toBe(1)
    expect(cluster.workers()).toEqual([id])
  })

  test('whose connections the network drops without a word goes on where it was', async () => {
    await using namespace = await TestNamespace.create()
    await using proxy = await openApiProxy()
    await using started = await startCluster()
    const { cluster } = started
    const [id = 0] = await cluster.addProcs(new K8sClusterManager(1, tunnelOptions(namespace)))
    await countRuns(started)

    const calling = cluster.remoteCallFetch(answerAfter, id, 1_000)
    proxy.swallow()

    expect(await calling).toBe('answered')
    expect(await cluster.remoteCallFetch(timesRun, id)).toBe(1)
    await started.logged('The tunnel stands again')
  })

  test.each([
    ['deleted, as by a drain of its node', undefined],
    ['deleted by force', 0],
  ])(
    'whose relay is %s has another one, and its workers go on where they were',
    async (_, gracePeriodSeconds) => {
      await using namespace = await TestNamespace.create()
      await using started = await startCluster()
      const { cluster, log } = started
      const ids = await cluster.addProcs(new K8sClusterManager(2, tunnelOptions(namespace)))
      await countRuns(started)

      const answers = ids.map(async (id) => await cluster.remoteCallFetch(answerAfter, id, 1_000))
      await replaceRelay(namespace, gracePeriodSeconds)
      const mapped = await cluster.pmap((n: number) => n * 2, Array.from({ length: 20 }).keys())

      expect(await Promise.all(answers)).toEqual(['answered', 'answered'])
      expect(mapped).toEqual(Array.from({ length: 20 }, (__, n) => n * 2))
      const times = await Promise.all(ids.map(async (id) => await cluster.remoteCallFetch(timesRun, id)))
      expect(times).toEqual([1, 1])
      expect(cluster.workers()).toEqual(ids)
      expect(log.filter((line) => line.includes('was terminated'))).toEqual([])
      await cluster.rmProcs(ids)
      expect(await namespace.left()).toEqual([])
    },
  )

  test('that may not make Services does without, and says so', async () => {
    await using namespace = await TestNamespace.create()
    await using account = await managerAccount(namespace)
    const rule = account.rules.find(
      ({ resources, verbs }) => resources?.[0] === 'services' && verbs[0] === 'create',
    )
    if (rule === undefined) throw new Error('There is no such rule')
    await account.without(rule)
    vi.stubEnv('KUBECONFIG', account.path)
    await using started = await startCluster()
    const { cluster } = started

    const [id = 0] = await cluster.addProcs(new K8sClusterManager(1, tunnelOptions(namespace)))

    expect(await cluster.remoteCallFetch(() => 'here', id)).toBe('here')
    expect(await started.logged('for want of a Service')).toMatch(/^info: Workers are lost with the pod/)
  })

  test('that is cut off for too long loses its workers, which end by themselves', async () => {
    await using namespace = await TestNamespace.create()
    await using started = await startCluster()
    const { cluster } = started
    {
      await using proxy = await openApiProxy()
      const [id = 0] = await cluster.addProcs(
        new K8sClusterManager(1, tunnelOptions(namespace, { keepPods: 'always' })),
      )
      const calling = cluster.remoteCallFetch(() => new Promise(() => {}), id)
      proxy.close()
      await expect(calling).rejects.toMatchObject({ name: 'WorkerTerminatedError', reason: 'Disconnected' })
      await eventually(
        'the end of the worker',
        async () => {
          const [pod] = await namespace.pods('app.kubernetes.io/component=worker')
          return pod === undefined || pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded'
        },
        120_000,
      )
      proxy.restore()
      await started.logged(', lost as Disconnected, ')
    }
  })

  test.each([
    ['', false],
    [', although its relay is not the first', true],
  ])('that is killed leaves nothing behind%s', async (_, isReplaced) => {
    await using namespace = await TestNamespace.create()
    await using directory = await withTempDir({ resolvesPackages: true })
    const script = join(directory.path, 'manager.ts')
    writeFileSync(
      script,
      `
import { addProcs, K8sClusterManager } from '@dialback/manager'
await addProcs(new K8sClusterManager(2, ${JSON.stringify(tunnelOptions(namespace))}))
console.log('ready')
setInterval(() => {}, 1_000)
`,
    )
    const manager = startScript(script, { timeoutMs: 200_000 })
    await manager.wrote('ready')
    expect(await namespace.pods('app.kubernetes.io/component=worker')).toHaveLength(2)
    if (isReplaced) await replaceRelay(namespace)

    manager.kill('SIGKILL')
    await manager.ended

    await eventually('that nothing is left', async () => (await namespace.left()).length === 0, 150_000)
    await eventually('that the pods are gone', async () => (await namespace.pods()).length === 0)
  })
})

/** Deletes the pod of the relay, and waits until another one runs. */
async function replaceRelay(namespace: TestNamespace, gracePeriodSeconds?: number): Promise<void> {
  const relays = 'app.kubernetes.io/component=relay'
  const [former] = await namespace.pods(relays)
  await namespace.core.deleteNamespacedPod({
    namespace: namespace.name,
    name: former?.metadata?.name ?? '',
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
  })
  await eventually('another relay', async () =>
    (await namespace.pods(relays)).some(
      ({ metadata, status }) => metadata?.uid !== former?.metadata?.uid && status?.phase === 'Running',
    ),
  )
}

/** A count on each process, of what `counted` has run there. */
async function countRuns({ cluster }: TestCluster): Promise<void> {
  await cluster.everywhere({ ran: { times: 0 } })
}

declare const ran: { times: number }

function sizeOfCounted(sent: Uint8Array): { bytes: number; isWhole: boolean } {
  ran.times += 1
  return { bytes: sent.byteLength, isWhole: sent.every((byte) => byte === 7) }
}

async function answerAfter(ms: number): Promise<string> {
  ran.times += 1
  await new Promise((resolve) => setTimeout(resolve, ms))
  return 'answered'
}

function timesRun(): number {
  return ran.times
}
