/** Who is there: ids, views, joining and leaving, all at once. */

import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isK8s, nprocs, nworkers, procs, workers } from '@dialback/manager'
import { expect, test } from 'vitest'
import { errorOf, group, type Place, range, startPlaced } from './place.ts'

export function membershipCases(place: Place): void {
  group(place, 'membership', (shared) => {
    const viewOf = async (id: number): Promise<number[][]> =>
      await shared.cluster.remoteCallFetch(() => [procs(), workers(), [nprocs(), nworkers()]], id)

    test('a cluster without workers has the manager for its only worker', async () => {
      await using started = await startPlaced(place, 0)
      const { cluster } = started
      expect([
        cluster.procs(),
        cluster.workers(),
        cluster.nprocs(),
        cluster.nworkers(),
        cluster.myid(),
      ]).toEqual([[1], [1], 1, 1, 1])
    })

    test('every process has the same view', async () => {
      const expected = [
        [1, 2, 3],
        [2, 3],
        [3, 2],
      ]
      expect([await viewOf(1), await viewOf(2), await viewOf(3)].slice(1)).toEqual([expected, expected])
      expect([shared.cluster.procs(), shared.cluster.workers()]).toEqual([
        [1, 2, 3],
        [2, 3],
      ])
    })

    test('a worker that joins is known everywhere', async () => {
      const [late = 0] = await shared.add(1)
      for (const id of [2, 3, late])
        expect(await viewOf(id)).toEqual([
          [1, 2, 3, late],
          [2, 3, late],
          [4, 3],
        ])
    })

    test('a worker that is removed is gone at once, everywhere', async () => {
      const [late = 0] = await shared.add(1)
      const removing = shared.cluster.rmProcs(late)
      expect(shared.cluster.workers()).toEqual([2, 3])
      for (const id of [2, 3])
        expect(await viewOf(id)).toEqual([
          [1, 2, 3],
          [2, 3],
          [3, 2],
        ])
      await removing
    })

    test('ids are sorted, and never used again', async () => {
      const first = await shared.add(2)
      await shared.cluster.rmProcs(first)
      const second = await shared.add(2)
      expect(first).toEqual(first.toSorted((a, b) => a - b))
      expect(Math.min(...second)).toBeGreaterThan(Math.max(...first))
    })

    test('workers join and leave at the same time', async () => {
      const { cluster } = shared
      const leaving = await shared.add(2)
      const [joined, alsoJoined] = await Promise.all([shared.add(2), shared.add(1), cluster.rmProcs(leaving)])
      const ids = [...joined, ...alsoJoined]
      expect(new Set([...ids, ...leaving]).size).toBe(5)
      expect(cluster.workers()).toEqual([2, 3, ...ids].toSorted((a, b) => a - b))
      for (const id of cluster.workers()) expect((await viewOf(id))[1]).toEqual(cluster.workers())
    })

    test('rmProcs() of the same worker three times at once', async () => {
      const [late = 0] = await shared.add(1)
      const { cluster } = shared
      await Promise.all([cluster.rmProcs(late), cluster.rmProcs([late, late]), cluster.rmProcs([late])])
      expect(cluster.workers()).toEqual([2, 3])
    })

    test('rmProcs() of a worker that is joining', async () => {
      await using started = await startPlaced(place, 0)
      const { cluster, env } = started
      const adding = cluster
        .addProcs(place.makeManager(1, { env, minWorkers: 0 }))
        .catch((error: unknown) => error)
      await cluster.rmProcs([2])
      await adding
      await cluster.rmProcs(cluster.procs().filter((id) => id !== 1))
      expect(cluster.procs()).toEqual([1])
    })

    test('rmProcs() refuses 1 with one warning and removes the others', async () => {
      const { cluster, started } = shared
      const [late = 0] = await shared.add(1)
      const before = started.log.length
      await cluster.rmProcs([1, late, 9_999])
      expect(started.log.slice(before)).toEqual([expect.stringMatching(/^warn: .*\b1\b/)])
      expect(cluster.procs()).toEqual([1, 2, 3])
    })

    test('a worker that ends when it is asked leaves no line in the log', async () => {
      const { cluster, started } = shared
      const [late = 0] = await shared.add(1)
      const before = started.log.length
      await cluster.rmProcs(late)
      expect(started.log.slice(before)).toEqual([])
    })

    test('a worker that is busy is removed, and what ran there rejects', async () => {
      const { cluster, started } = shared
      const [late = 0] = await shared.add(1)
      const spinning = errorOf(cluster.remoteCallFetch(spin, late))
      const waiting = errorOf(cluster.remoteCallFetch(() => sleep(60_000), late))
      await started.logged(`${late}: membership spins`)
      await cluster.rmProcs(late)
      for (const error of [await spinning, await waiting])
        expect(error).toMatchObject({
          name: 'WorkerTerminatedError',
          workerId: late,
          reason: 'Removed',
          blame: 'requested',
        })
    })

    test('a loss that nobody asked for logs one warning, the same words as the error', async () => {
      const { cluster, started } = shared
      const [late = 0] = await shared.add(1)
      const before = started.log.length
      const error = await errorOf(cluster.remoteCallFetch(() => process.exit(5), late))
      expect(started.log.slice(before)).toEqual([`warn: ${error.message}`])
      expect(error.message).toMatch(new RegExp(`^Worker ${late}.* was terminated due to: .*exit code 5`))
    })

    test('all calls of a worker that dies reject with the same facts', async () => {
      const { cluster } = shared
      const [late = 0] = await shared.add(1)
      const calls = range(20).map(
        async () => await errorOf(cluster.remoteCallFetch(() => new Promise(() => {}), late)),
      )
      await errorOf(cluster.remoteCallFetch(() => process.exit(5), late))
      for (const error of await Promise.all(calls))
        expect(error).toMatchObject({ workerId: late, exitCode: 5 })
    })

    test('onMembershipChange() of pools and pmap leaves nothing behind', async () => {
      const { cluster } = shared
      for (const _ of range(20)) await cluster.pmap((n: number) => n, [1, 2])
      await Promise.all(
        range(20).map(async () => await cluster.remoteCallFetch(() => 0, cluster.defaultWorkerPool())),
      )
      expect(cluster.peer.pendingCount).toBe(0)
    })

    test('rmProcs({ waitFor: 0 }) does not wait', async () => {
      const { cluster } = shared
      const [late = 0] = await shared.add(1)
      await cluster.rmProcs(late, { waitFor: 0 })
      expect(cluster.workers()).toEqual([2, 3])
    })

    test.each([[['2']], [[1.5]], [null], [{}]])('rmProcs(%j) is refused with the value', async (ids) => {
      const error = await errorOf(shared.cluster.rmProcs(ids as number[]))
      expect(error).toBeInstanceOf(TypeError)
      expect(shared.cluster.workers()).toEqual([2, 3])
    })

    test('isK8s() says where a worker is', async () => {
      expect(typeof (await shared.cluster.remoteCallFetch(() => isK8s(), 2))).toBe('boolean')
    })
  })
}

function spin(): void {
  writeSync(2, 'membership spins\n')
  for (;;);
}
