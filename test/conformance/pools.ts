/** Pools on the manager: who is taken and given back, and what happens to those that die. */

import { setTimeout as sleep } from 'node:timers/promises'
import { CachingPool, myid, WorkerPool } from '@dialback/manager'
import { expect, test } from 'vitest'
import { errorOf, group, type Place, range, startPlaced } from './place.ts'

export function poolCases(place: Place): void {
  group(place, 'pools', (shared) => {
    test('a pool runs one call at a time on each of its workers', async () => {
      const { cluster, two } = shared
      const pool = new WorkerPool(two, cluster.peer)
      const most = await Promise.all(
        range(12).map(async () => await cluster.remoteCallFetch(countOverlaps, pool)),
      )
      expect(Math.max(...most)).toBe(1)
    })

    test('a pool gives the worker that has been idle longest', async () => {
      const { cluster, two } = shared
      const pool = new WorkerPool(two, cluster.peer)
      const ids: number[] = []
      for (const _ of range(4)) ids.push(await cluster.remoteCallFetch(() => myid(), pool))
      expect(ids).toEqual([2, 3, 2, 3])
    })

    test('pool.remote() gives a function that runs on its workers', async () => {
      const { cluster, two } = shared
      const area = new WorkerPool(two, cluster.peer).remote((width: number, height: number) => width * height)
      expect(await Promise.all([area(1, 2), area(3, 4), area(5, 6)])).toEqual([2, 12, 30])
    })

    test('remote() runs on all workers', async () => {
      const { cluster } = shared
      const id = cluster.remote(async () => {
        await sleep(50)
        return myid()
      })
      expect(new Set(await Promise.all([id(), id()]))).toEqual(new Set([2, 3]))
    })

    test('a worker is given back when its call fails', async () => {
      const { cluster } = shared
      const pool = new WorkerPool([2], cluster.peer)
      const fail = pool.remote(() => {
        throw new RangeError('no')
      })
      expect((await errorOf(fail())).message).toBe('On worker 2: RangeError: no')
      expect((await errorOf(fail())).message).toBe('On worker 2: RangeError: no')
      expect(pool.isReady).toBe(true)
    })

    test('a worker is given back when its call cannot be sent', async () => {
      const { cluster } = shared
      const pool = new WorkerPool([2], cluster.peer)
      const error = await errorOf(cluster.remoteCallFetch((value: unknown) => value, pool, Symbol('no')))
      expect(error).toMatchObject({ name: 'SerializationError' })
      expect(pool.isReady).toBe(true)
    })

    test('a worker is given back when its result cannot travel', async () => {
      const { cluster } = shared
      const pool = new WorkerPool([2], cluster.peer)
      expect(await errorOf(cluster.remoteCallFetch(() => Symbol('no'), pool))).toMatchObject({
        name: 'SerializationError',
      })
      expect(pool.isReady).toBe(true)
    })

    test('remoteCall() on a pool keeps its worker until the call has ended, fetched or not', async () => {
      const { cluster } = shared
      const pool = new WorkerPool([2], cluster.peer)
      const future = cluster.remoteCall(() => sleep(30, 'done'), pool)
      expect(await cluster.remoteCallFetch(() => myid(), pool)).toBe(2)
      expect(await future.isReady()).toBe(true)
      expect([future.owner, await future.fetch()]).toEqual([2, 'done'])
    })

    test('remoteCallWait() on a pool gives a future whose value is still there', async () => {
      const { cluster } = shared
      const pool = new WorkerPool([3], cluster.peer)
      const future = await cluster.remoteCallWait((n: number) => [n], pool, 7)
      expect([future.owner, await future.fetch(), pool.isReady]).toEqual([3, [7], true])
    })

    test('remoteDo() on a pool runs there and gives the worker back', async () => {
      const { cluster, started } = shared
      const pool = new WorkerPool([3], cluster.peer)
      cluster.remoteDo((text: string) => console.log(text), pool, 'done silently')
      expect(await started.logged('done silently')).toBe('3: done silently')
      expect(await pool.take()).toBe(3)
    })

    test('a pool may have the manager among its members', async () => {
      const { cluster } = shared
      const pool = new WorkerPool([1], cluster.peer)
      const value = { here: true }
      expect(await cluster.remoteCallFetch(() => value, pool)).toBe(value)
    })

    test('defaultWorkerPool() is the same each time and has late joiners at once', async () => {
      const { cluster } = shared
      const pool = cluster.defaultWorkerPool()
      const [late] = await shared.add(1)
      expect(cluster.defaultWorkerPool()).toBe(pool)
      expect(pool.workers()).toEqual([2, 3, late])
      const ids = await Promise.all(
        range(3).map(async () => await cluster.remoteCallFetch(idAfterAWhile, pool)),
      )
      expect(ids.toSorted()).toEqual([2, 3, late])
    })

    test('a pool of all workers gives this process while there are none', async () => {
      await using started = await startPlaced(place, 0)
      const pool = started.cluster.defaultWorkerPool()
      expect([pool.length, pool.isReady, pool.workers()]).toEqual([1, true, [1]])
      expect(await started.cluster.remoteCallFetch(() => myid(), pool)).toBe(1)
    })

    test('a worker that was removed leaves its pools at once', async () => {
      const { cluster } = shared
      const [late = 0] = await shared.add(1)
      const pool = new WorkerPool([2, late], cluster.peer)
      await cluster.rmProcs(late)
      expect([pool.workers(), pool.length]).toEqual([[2], 1])
      expect(
        await Promise.all(range(3).map(async () => await cluster.remoteCallFetch(() => myid(), pool))),
      ).toEqual([2, 2, 2])
    })

    test('the call of a worker that dies rejects, and the pool goes on with the others', async () => {
      const { cluster } = shared
      const [late = 0] = await shared.add(1)
      const pool = new WorkerPool([late, 3], cluster.peer)
      const dying = errorOf(cluster.remoteCallFetch(() => process.exit(4), pool))
      expect(await dying).toMatchObject({ name: 'WorkerTerminatedError', workerId: late, exitCode: 4 })
      expect([await pool.take(), pool.workers()]).toEqual([3, [3]])
    })

    test('all that wait for a worker reject when the last one goes', async () => {
      const { cluster } = shared
      const [late = 0] = await shared.add(1)
      const pool = new WorkerPool([late], cluster.peer)
      const running = errorOf(cluster.remoteCallFetch(() => new Promise(() => {}), pool))
      const waiting = range(5).map(async () => await errorOf(cluster.remoteCallFetch(() => 0, pool)))
      await cluster.rmProcs(late)
      for (const error of await Promise.all([running, ...waiting]))
        expect(error).toMatchObject({ name: 'WorkerTerminatedError', workerId: late, reason: 'Removed' })
      expect(await errorOf(pool.take())).toMatchObject({ workerId: late, reason: 'Removed' })
    })

    test('a pool without members rejects with what was to be done', async () => {
      const { cluster } = shared
      const pool = new WorkerPool([], cluster.peer)
      const error = await errorOf(cluster.remoteCallFetch(() => 0, pool))
      expect(error.message).toBe('Cannot take a worker: no live worker in the pool')
    })

    test('a pool of an id that never was rejects with an error that names it', async () => {
      const { cluster } = shared
      const error = await errorOf(cluster.remoteCallFetch(() => 0, new WorkerPool([9_999], cluster.peer)))
      expect(error.message).toContain('9999')
    })

    test('waiting for a worker takes a signal', async () => {
      const { cluster } = shared
      const pool = new WorkerPool([2], cluster.peer)
      await pool.take()
      const controller = new AbortController()
      const waiting = errorOf(pool.take({ signal: controller.signal }))
      controller.abort(new RangeError('enough'))
      expect((await waiting).message).toBe('enough')
      pool.put(2)
      expect(await pool.take()).toBe(2)
    })

    test('push() adds a worker for whoever waits', async () => {
      const { cluster } = shared
      const pool = new WorkerPool([2], cluster.peer)
      await pool.take()
      const waiting = pool.take()
      pool.push(3)
      expect([await waiting, pool.workers()]).toEqual([3, [2, 3]])
    })

    test('a CachingPool sends what a function captured once, and keeps it until clear()', async () => {
      const { cluster } = shared
      const pool = new CachingPool([2], cluster.peer)
      let count = 1
      const read = (): number => count
      const remote = pool.remote(read)
      const first = await remote()
      count = 2
      const second = await remote()
      const third = await pool.clear().remote(read)()
      expect([first, second, third]).toEqual([1, 1, 2])
    })

    test('a WorkerPool sends what a function captured as it is at each call', async () => {
      const { cluster } = shared
      const pool = new WorkerPool([2], cluster.peer)
      let count = 1
      const remote = pool.remote(() => count)
      const first = await remote()
      count = 2
      expect([first, await remote()]).toEqual([1, 2])
    })

    test('two thousand calls wait for a pool of two', async () => {
      const { cluster, two } = shared
      const pool = new WorkerPool(two, cluster.peer)
      const twice = pool.remote((n: number) => 2 * n)
      const values = await Promise.all(range(2_000).map(twice))
      expect(values.every((value, n) => value === 2 * n)).toBe(true)
    })

    test.each([[[0]], [[1.5]], [['2']], [5], [null]])(
      'new WorkerPool(%j) is refused with the value',
      (ids) => {
        const { cluster } = shared
        // The cast: users of JavaScript can pass anything.
        expect(() => new WorkerPool(ids as number[], cluster.peer)).toThrow(TypeError)
      },
    )
  })
}

/** Gives how many calls of it were under way here at once. */
async function countOverlaps(): Promise<number> {
  const state = globalThis as { running?: number }
  state.running = (state.running ?? 0) + 1
  const now = state.running
  await sleep(5)
  state.running -= 1
  return now
}

async function idAfterAWhile(): Promise<number> {
  await sleep(100)
  return myid()
}
