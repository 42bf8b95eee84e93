/** The API server goes away for a while: workers and their manager do without it. */

import { remoteCallFetch } from '@dialback/manager'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attemptOf, attemptsOf } from '../conformance/fixtures/attempts.ts'
import { daemonPid, restartDaemon } from './support/cluster-daemon.ts'
import { errorOf, type PodCluster, startPodCluster } from './support/pod-cluster.ts'
import { eventually } from './support/test-namespace.ts'

describe.skipIf(daemonPid('kube-apiserver') === undefined)('an API server that is restarted', () => {
  let started: PodCluster

  beforeAll(async () => {
    started = await startPodCluster()
  }, 90_000)

  afterAll(async () => await started[Symbol.asyncDispose](), 60_000)

  test('in the middle of a pmap: nothing is lost or run twice, and deaths are noticed afterwards', {
    timeout: 240_000,
  }, async () => {
    const { cluster, manager, namespace } = started
    const [first = 0, second = 0] = await cluster.addProcs(manager(2))
    let isServing = false
    const items = function* (): Generator<number> {
      // Goes on until some were run after it was back.
      for (let n = 0, after = 0; after < 20; n += 1) {
        if (isServing) after += 1
        yield n
      }
    }

    const mapping = cluster.pmap(runCounted, items())
    await eventually('that it runs', async () => attemptsOf('item 5') > 0)
    await restartDaemon('kube-apiserver')
    await eventually('the API server', async () => await namespace.pods().then(Boolean, () => false))
    isServing = true
    const mapped = await mapping

    expect(mapped).toEqual(Array.from(mapped.keys(), (n) => 2 * n))
    expect(mapped.filter((_, n) => attemptsOf(`item ${n}`) !== 1)).toEqual([])
    expect(cluster.workers()).toEqual([first, second])
    expect(await errorOf(cluster.remoteCallFetch(() => process.exit(3), first))).toMatchObject({
      workerId: first,
      reason: 'Error',
      exitCode: 3,
    })
    expect(await cluster.remoteCallFetch(() => 'alive', second)).toBe('alive')
    await cluster.rmProcs(second)
    await eventually('that nothing is left', async () => (await namespace.left()).length === 0)
  })
})

async function runCounted(n: number): Promise<number> {
  await remoteCallFetch(attemptOf, 1, `item ${n}`)
  await new Promise((resolve) => setTimeout(resolve, 50))
  return 2 * n
}
