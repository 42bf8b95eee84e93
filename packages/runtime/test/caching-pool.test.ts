import { expect, test } from 'vitest'
import { CachingPool } from '../src/caching-pool.ts'
import { pmap } from '../src/pmap.ts'
import { isPool } from '../src/pool.ts'
import { WorkerPool } from '../src/worker-pool.ts'
import { SimulatedCluster } from './simulated-cluster.ts'

const square = (x: number): number => x * x

test('CachingPool ships a function once, whoever calls it', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const pool = new CachingPool([2, 3], cluster)
  const remote = pool.remote(square)
  expect(await Promise.all([1, 2, 3].map(remote))).toEqual([1, 4, 9])
  expect(await pool.remote(square)(4)).toBe(16)
  expect(await pmap(cluster, square, [5], { pool })).toEqual([25])
  expect(cluster.shipped).toBe(1)
})

test('CachingPool.clear() has functions shipped anew', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const pool = new CachingPool([2], cluster)
  await pool.remote(square)(1)
  await pool.clear().remote(square)(1)
  expect(cluster.shipped).toBe(2)
})

test('WorkerPool ships a function anew for each call', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const remote = new WorkerPool([2], cluster).remote(square)
  await remote(1)
  await remote(2)
  expect(cluster.shipped).toBe(2)
})

test('CachingPool is a pool like any other', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const pool = new CachingPool([2], cluster)
  expect(isPool(pool)).toBe(true)
  expect(await pool.take()).toBe(2)
  pool.push(3)
  expect([pool.length, pool.isReady, pool.workers()]).toEqual([2, true, [2, 3]])
  pool.put(2)
  expect(await pool.run(async (id) => id)).toBe(3)
})

test.each([null, 5, [2, 3], { workers: () => [] }])('isPool(%o) is false', (value) => {
  expect(isPool(value)).toBe(false)
})
