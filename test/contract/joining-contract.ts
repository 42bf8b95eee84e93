/** Workers join: their ids, the log, when they can be called, and giving up. */

import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterManager, LaunchContext, LaunchedWorker } from '@dialback/manager'
import { expect, test } from 'vitest'
import { startCluster } from '../test-cluster.ts'
import { type Contract, runFirst } from './cluster-manager-contract.ts'

export function joiningContract({ makeManager, left }: Contract): void {
  test('addProcs() gives sorted ids of workers that can be called, and logs that each is up', async () => {
    await using started = await startCluster()
    const { cluster, env, log } = started

    const ids = await cluster.addProcs(makeManager(3, { env }))
    const answers = await Promise.all(ids.map((id) => cluster.remoteCallFetch(whereabouts, id)))

    expect(ids).toEqual([2, 3, 4])
    expect(cluster.workers()).toEqual([2, 3, 4])
    expect(new Set([...answers, whereabouts()]).size).toBe(4)
    expect(log.filter((line) => /^info: \S+ is up$/.test(line))).toHaveLength(3)
  })

  test('addProcs() of no workers starts nothing', async () => {
    await using started = await startCluster()

    expect(await started.cluster.addProcs(makeManager(0, { env: started.env }))).toEqual([])
    expect(started.cluster.procs()).toEqual([1])
    expect(started.log).toEqual([])
  })

  test('addProcs() twice at once gives each call its own workers', async () => {
    await using started = await startCluster()
    const { cluster, env } = started

    const both = await Promise.all([
      cluster.addProcs(makeManager(2, { env })),
      cluster.addProcs(makeManager(2, { env })),
    ])

    expect(both.flat().toSorted()).toEqual([2, 3, 4, 5])
    for (const ids of both) expect(ids).toEqual(ids.toSorted())
  })

  test('addProcs() lets a worker be called as soon as it is up, before the others are', async () => {
    await using started = await startCluster()
    const { cluster, env } = started
    const slow = { ...env, ...runFirst('await new Promise((resolve) => setTimeout(resolve, 3000))') }

    const adding = cluster.addProcs(allOf(makeManager(1, { env }), makeManager(1, { env: slow })))
    await started.logged(' is up')
    const members = cluster.workers()
    const answer = await cluster.remoteCallFetch(() => 'early', members[0] ?? 0)

    expect(members).toHaveLength(1)
    expect(answer).toBe('early')
    expect(await adding).toEqual([2, 3])
  })

  test('addProcs() counts a worker that dials before launch() has returned', async () => {
    await using started = await startCluster()
    const { cluster, env } = started
    const manager = makeManager(1, { env })

    const ids = await cluster.addProcs({
      ...seam(manager),
      launch: async (context) => {
        const workers = await manager.launch(context)
        await sleep(2_000)
        return workers
      },
    })

    expect(ids).toEqual([2])
    expect(await cluster.remoteCallFetch(() => 'there', 2)).toBe('there')
  })

  test('addProcs() ends what it started when its signal fires', async () => {
    await using started = await startCluster()
    const { cluster, env } = started
    const abort = new AbortController()
    const reason = new Error('enough')
    const slow = { ...env, ...runFirst('await new Promise((resolve) => setTimeout(resolve, 60000))') }

    const adding = cluster.addProcs(makeManager(2, { env: slow }), { signal: abort.signal })
    await sleep(300)
    abort.abort(reason)

    await expect(adding).rejects.toBe(reason)
    expect(await left(env['DIALBACK_TEST_ID'] ?? '')).toEqual([])
    expect(cluster.procs()).toEqual([1])
  })

  test('addProcs() with a signal that has fired starts nothing', async () => {
    await using started = await startCluster()
    const signal = AbortSignal.abort(new Error('never'))
    const manager: ClusterManager = {
      ...seam(makeManager(1)),
      launch: () => {
        throw new Error('launched')
      },
    }

    await expect(started.cluster.addProcs(manager, { signal })).rejects.toThrow('never')
  })
}

/** In containers all processes may have the same number. */
function whereabouts(): string {
  return `${hostname()} ${process.pid}`
}

/** One manager that asks for the workers of several. */
export function allOf(...managers: readonly [ClusterManager, ...ClusterManager[]]): ClusterManager {
  return {
    ...seam(managers[0]),
    minWorkers: managers.reduce((sum, { minWorkers }) => sum + minWorkers, 0),
    launch: async (context: LaunchContext): Promise<LaunchedWorker[]> => {
      const launched: LaunchedWorker[] = []
      for (const manager of managers) launched.push(...(await manager.launch(context)))
      return launched
    },
  }
}

function seam({ name, pendingTimeoutMs, minWorkers }: ClusterManager): Omit<ClusterManager, 'launch'> {
  return { name, pendingTimeoutMs, minWorkers }
}
