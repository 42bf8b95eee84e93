/** Pools that were passed to another process: there they are handles of the same pool. */

import { setTimeout as sleep } from 'node:timers/promises'
import { CachingPool, myid, pmap, remoteCallFetch, WorkerPool } from '@dialback/manager'
import { expect, test } from 'vitest'
import { tell, whenTold } from './fixtures/attempts.ts'
import { errorOf, group, type Place, range } from './place.ts'

export function poolHandleCases(place: Place): void {
  group(place, 'pools of another process', (shared) => {
    test('a worker calls through a pool of the manager', async () => {
      const { cluster, two } = shared
      const pool = new WorkerPool(two, cluster.peer)
      const ids = await cluster.remoteCallFetch(callThrough, 2, pool, 6)
      expect(new Set(ids)).toEqual(new Set([2, 3]))
      expect(pool.isReady).toBe(true)
    })

    test('a worker waits for what the manager has taken', async () => {
      const { cluster } = shared
      const pool = new WorkerPool([3], cluster.peer)
      const taken = await pool.take()
      const there = cluster.remoteCallFetch(callThrough, 2, pool, 1)
      const first = await Promise.race([there, sleep(100, 'waits')])
      pool.put(taken)
      expect([first, await there]).toEqual(['waits', [3]])
    })

    test('the manager waits for what a worker has taken', async () => {
      const { cluster } = shared
      const pool = new WorkerPool([3], cluster.peer)
      const key = crypto.randomUUID()
      const there = cluster.remoteCallFetch(holdUntilTold, 2, pool, key)
      await whenTold(`${key} holds`)
      expect(pool.isReady).toBe(false)
      const taking = pool.take()
      expect(await Promise.race([taking, sleep(100, 'waits')])).toBe('waits')
      tell(key, 1)
      expect([await taking, await there]).toEqual([3, 'held'])
    })

    test('two workers never have the same worker of a pool at once', async () => {
      const { cluster, two } = shared
      const pool = new WorkerPool([3], cluster.peer)
      const most = await Promise.all(
        two.flatMap((id) => range(4).map(async () => await cluster.remoteCallFetch(countThrough, id, pool))),
      )
      expect(Math.max(...most)).toBe(1)
    })

    test('a worker that dies gives back what it has taken', async () => {
      const { cluster } = shared
      const [late = 0] = await shared.add(1)
      const pool = new WorkerPool([3], cluster.peer)
      expect(await errorOf(cluster.remoteCallFetch(takeAndDie, late, pool))).toMatchObject({ workerId: late })
      expect(await pool.take()).toBe(3)
    })

    test('a worker that dies while it waits leaves the line', async () => {
      const { cluster } = shared
      const [late = 0] = await shared.add(1)
      const pool = new WorkerPool([3], cluster.peer)
      await pool.take()
      const dying = errorOf(cluster.remoteCallFetch(waitAndDie, late, pool))
      expect(await dying).toMatchObject({ workerId: late })
      pool.put(3)
      expect([await pool.take(), pool.isReady]).toEqual([3, false])
    })

    test('all that wait elsewhere reject when the last worker goes', async () => {
      const { cluster, two } = shared
      const [late = 0] = await shared.add(1)
      const pool = new WorkerPool([late], cluster.peer)
      await pool.take()
      const waiting = two.map(async (id) => await cluster.remoteCallFetch(lossThrough, id, pool))
      await Promise.all(two.map(async (id) => await cluster.remoteCallFetch(callTheManager, id)))
      await cluster.rmProcs(late)
      expect(await Promise.all(waiting)).toEqual([`Removed ${late}`, `Removed ${late}`])
    })

    test('waiting elsewhere takes a signal, and leaves the line', async () => {
      const { cluster } = shared
      const pool = new WorkerPool([3], cluster.peer)
      await pool.take()
      expect(await cluster.remoteCallFetch(giveUp, 2, pool)).toBe('enough')
      pool.put(3)
      expect([await pool.take(), pool.isReady]).toEqual([3, false])
    })

    test('push() elsewhere adds to the same pool', async () => {
      const { cluster } = shared
      const pool = new WorkerPool([], cluster.peer)
      await cluster.remoteCallFetch((there: WorkerPool) => there.push(3), 2, pool)
      await expect.poll(() => pool.workers()).toEqual([3])
    })

    test('a handle that comes back is the pool itself', async () => {
      const { cluster } = shared
      const pool = new WorkerPool([3], cluster.peer)
      expect(await cluster.remoteCallFetch((there: WorkerPool) => there, 2, pool)).toBe(pool)
    })

    test('a handle can be passed on', async () => {
      const { cluster } = shared
      const pool = new WorkerPool([2], cluster.peer)
      const ids = await cluster.remoteCallFetch(
        async (there: WorkerPool, next: (pool: WorkerPool, n: number) => Promise<number[]>) =>
          await remoteCallFetch(next, 3, there, 2),
        2,
        pool,
        callThrough,
      )
      expect([ids, pool.isReady]).toEqual([[2, 2], true])
    })

    test('a pool that a worker made works on the manager and on others', async () => {
      const { cluster } = shared
      const pool = await cluster.remoteCallFetch(() => new WorkerPool([3]), 2)
      expect(await cluster.remoteCallFetch(() => myid(), pool)).toBe(3)
      expect(await cluster.remoteCallFetch(callThrough, 3, pool, 2)).toEqual([3, 3])
    })

    test('what is asked of a pool whose process is gone rejects', async () => {
      const { cluster } = shared
      const [late = 0] = await shared.add(1)
      const pool = await cluster.remoteCallFetch(() => new WorkerPool([2, 3]), late)
      await cluster.rmProcs(late)
      expect(await errorOf(cluster.remoteCallFetch(() => 0, pool))).toMatchObject({ workerId: late })
    })

    test('a pool captured by a function is a handle too', async () => {
      const { cluster } = shared
      const pool = new WorkerPool([3], cluster.peer)
      expect(await cluster.remoteCallFetch(async () => await remoteCallFetch(() => myid(), pool), 2)).toBe(3)
    })

    test('a CachingPool elsewhere sends what was captured once', async () => {
      const { cluster } = shared
      const pool = new CachingPool([3], cluster.peer)
      expect(await cluster.remoteCallFetch(readTwice, 2, pool)).toEqual([1, 1])
    })

    test('defaultWorkerPool() passed on is the same pool of all', async () => {
      const { cluster } = shared
      const pool = cluster.defaultWorkerPool()
      const ids = await cluster.remoteCallFetch((there: WorkerPool) => [...there.workers()], 2, pool)
      expect(ids).toEqual([2, 3])
      expect(new Set(await cluster.remoteCallFetch(callThrough, 3, pool, 4))).toEqual(new Set([2, 3]))
    })

    test('a worker has pools of its own', async () => {
      const { cluster } = shared
      const ids = await cluster.remoteCallFetch(async () => {
        const pool = new WorkerPool([2, 3])
        return await Promise.all([pool.remote(() => myid())(), pool.remote(() => myid())()])
      }, 2)
      expect(ids.toSorted()).toEqual([2, 3])
    })

    test('pmap() on a worker takes a pool of the manager', async () => {
      const { cluster } = shared
      const pool = new WorkerPool([3], cluster.peer)
      const ids = await cluster.remoteCallFetch(
        async (there: WorkerPool) => await pmap(() => myid(), [0, 0, 0], { pool: there }),
        2,
        pool,
      )
      expect(ids).toEqual([3, 3, 3])
    })
  })
}

async function callThrough(pool: WorkerPool, count: number): Promise<number[]> {
  const calls = Array.from({ length: count }, async () => await remoteCallFetch(() => myid(), pool))
  return await Promise.all(calls)
}

/** Tells that it has a worker, and gives it back once it is told to. */
async function holdUntilTold(pool: WorkerPool, key: string): Promise<string> {
  return await pool.run(async () => {
    await remoteCallFetch(tell, 1, `${key} holds`, 2)
    await remoteCallFetch(whenTold, 1, key)
    return 'held'
  })
}

async function countThrough(pool: WorkerPool): Promise<number> {
  return await remoteCallFetch(async () => {
    const state = globalThis as { through?: number }
    state.through = (state.through ?? 0) + 1
    const now = state.through
    await sleep(10)
    state.through -= 1
    return now
  }, pool)
}

async function takeAndDie(pool: WorkerPool): Promise<void> {
  await pool.take()
  process.kill(process.pid, 'SIGKILL')
}

async function waitAndDie(pool: WorkerPool): Promise<void> {
  void pool.take()
  // An answer from the manager, which has then heard of the other.
  await remoteCallFetch(() => 0, 1)
  process.kill(process.pid, 'SIGKILL')
}

/** After its answer the manager has heard of all that was asked of it before. */
async function callTheManager(): Promise<void> {
  await remoteCallFetch(() => 0, 1)
}

async function lossThrough(pool: WorkerPool): Promise<string> {
  return await pool.take().then(
    () => 'a worker',
    (error: { reason?: string; workerId?: number }) => `${error.reason} ${error.workerId}`,
  )
}

async function giveUp(pool: WorkerPool): Promise<string> {
  const controller = new AbortController()
  const waiting = pool.take({ signal: controller.signal }).catch((error: Error) => error.message)
  await remoteCallFetch(() => 0, 1)
  controller.abort(new RangeError('enough'))
  return String(await waiting)
}

async function readTwice(pool: CachingPool): Promise<number[]> {
  let count = 1
  const remote = pool.remote(() => count)
  const first = await remote()
  count = 2
  return [first, await remote()]
}
