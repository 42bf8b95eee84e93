import { expect, test } from 'vitest'
import { defaultWorkerPool, WorkerPool } from '../src/worker-pool.ts'
import { Gates } from './gates.ts'
import { oomKilled, SimulatedCluster, settle } from './simulated-cluster.ts'

function poolOf(workers: number, ids: readonly number[] = [2, 3, 4].slice(0, workers)) {
  const cluster = new SimulatedCluster({ workers })
  return { cluster, pool: new WorkerPool(ids, cluster) }
}

test('WorkerPool gives the worker that has been idle longest', async () => {
  const { pool } = poolOf(3)
  expect([await pool.take(), await pool.take()]).toEqual([2, 3])
  pool.put(3)
  pool.put(2)
  expect([await pool.take(), await pool.take(), await pool.take()]).toEqual([4, 3, 2])
})

test('WorkerPool.take() waits its turn until a worker is given back', async () => {
  const { pool } = poolOf(1)
  const order: string[] = []
  await pool.take()
  const [first, second] = ['first', 'second'].map((name) => pool.take().then(() => order.push(name)))
  await settle()
  expect([order, pool.isReady, pool.length]).toEqual([[], false, 1])
  pool.put(2)
  await first
  pool.put(2)
  await second
  expect(order).toEqual(['first', 'second'])
})

test('WorkerPool.put() ignores a worker that was not taken, or was given back before', async () => {
  const { pool } = poolOf(2)
  pool.put(2)
  pool.put(9)
  await pool.take()
  pool.put(2)
  pool.put(2)
  expect([await pool.take(), await pool.take(), pool.isReady, pool.length]).toEqual([3, 2, false, 2])
})

test('WorkerPool.push() adds a worker for whoever waits', async () => {
  const { pool } = poolOf(3, [2])
  await pool.take()
  const waiting = pool.take()
  pool.push(4)
  pool.push(4)
  expect([await waiting, pool.workers(), pool.isReady]).toEqual([4, [2, 4], false])
})

test('WorkerPool drops dead workers at once', async () => {
  const { cluster, pool } = poolOf(3)
  await pool.take()
  cluster.kill(2, oomKilled)
  cluster.kill(3, oomKilled)
  pool.put(2)
  expect([pool.workers(), pool.length, await pool.take(), pool.isReady]).toEqual([[4], 1, 4, false])
})

test('all that wait reject with the loss when the last worker goes', async () => {
  const { cluster, pool } = poolOf(2)
  await pool.take()
  await pool.take()
  const waiting = [pool.take(), pool.take(), pool.take()]
  cluster.kill(2, oomKilled)
  await settle()
  expect(pool.length).toBe(1)
  cluster.kill(3, oomKilled)
  const outcomes = await Promise.allSettled([...waiting, pool.take()])
  expect(outcomes.map(({ status }) => status)).toEqual(Array(4).fill('rejected'))
  await expect(pool.take()).rejects.toMatchObject({ name: 'WorkerTerminatedError', workerId: 3 })
  expect([pool.isReady, cluster.listenerCount]).toEqual([false, 0])
})

test('WorkerPool.take() from a pool without members rejects', async () => {
  const { pool } = poolOf(1, [])
  await expect(pool.take()).rejects.toThrow('Cannot take a worker: no live worker in the pool')
})

test('WorkerPool.take() ends with its signal, and gives its turn to the next', async () => {
  const { cluster, pool } = poolOf(1)
  const controller = new AbortController()
  await pool.take()
  const first = pool.take({ signal: controller.signal })
  const second = pool.take()
  controller.abort(new Error('enough'))
  await expect(first).rejects.toThrow('enough')
  await expect(pool.take({ signal: controller.signal })).rejects.toThrow('enough')
  pool.put(2)
  expect(await second).toBe(2)
  expect(cluster.listenerCount).toBe(0)
})

test('WorkerPool.run() gives the worker back when it is done, also after a failure', async () => {
  const { pool } = poolOf(1)
  expect(await pool.run(async (id) => id * 10)).toBe(20)
  await expect(pool.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  const thrower = (): never => {
    throw new Error('at once')
  }
  await expect(pool.run(thrower)).rejects.toThrow('at once')
  expect(pool.isReady).toBe(true)
})

test('WorkerPool.remote() runs one call on each worker at a time', async () => {
  const { cluster, pool } = poolOf(2)
  const gates = new Gates()
  const remote = pool.remote(gates.pass)
  const results = [1, 2, 3].map((x) => remote(x))
  await settle()
  expect(gates.running).toEqual([1, 2])
  gates.open(2)
  await settle()
  gates.open(3)
  gates.open(1)
  expect(await Promise.all(results)).toEqual([1, 2, 3])
  expect(cluster.calls.map(({ workerId }) => workerId)).toEqual([2, 3, 3])
})

test.each([[5], ['23'], [[0]], [[1.5]], [['2']]])('new WorkerPool(%o) is refused', (ids) => {
  // The cast: what a caller without types could pass.
  expect(() => new WorkerPool(ids as number[], new SimulatedCluster({ workers: 1 }))).toThrow(TypeError)
})

test('defaultWorkerPool() is one for each caller, and has all workers, late joiners included', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const pool = defaultWorkerPool(cluster)
  expect(defaultWorkerPool(cluster)).toBe(pool)
  expect(await pool.take()).toBe(2)
  const waiting = pool.take()
  cluster.join()
  expect([await waiting, pool.workers(), pool.isReady]).toEqual([3, [2, 3], false])
})

test('defaultWorkerPool() gives this process while there are no workers', async () => {
  const cluster = new SimulatedCluster({ workers: 0 })
  const pool = defaultWorkerPool(cluster)
  expect([await pool.take(), await pool.take(), pool.workers(), pool.isReady]).toEqual([1, 1, [1], true])
  const items = [{}]
  expect((await pool.remote((list: object[]) => list)(items))[0]).toBe(items[0])
})

test('defaultWorkerPool() gives this process to those that wait when all workers go', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const pool = defaultWorkerPool(cluster)
  await pool.take()
  const waiting = pool.take()
  cluster.kill(2, oomKilled)
  expect(await waiting).toBe(1)
})

test('a pool of all forgets workers that are gone, also those that were taken', async () => {
  const { cluster } = poolOf(3)
  const pool = defaultWorkerPool(cluster)
  expect([await pool.take(), await pool.take()]).toEqual([2, 3])
  cluster.kill(2, oomKilled)
  cluster.kill(4, oomKilled)
  pool.put(2)
  pool.put(3)
  expect([pool.workers(), await pool.take(), pool.isReady]).toEqual([[3], 3, false])
})
