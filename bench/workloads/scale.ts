/** G: fifty workers, started and idle. */

import { setTimeout as delay } from 'node:timers/promises'
import { type Bench, seconds } from '../measure.ts'
import { type Pool, type PoolPeer, startPool } from '../peers/pool.ts'
import { memoryOf, processTree } from '../process-memory.ts'

const n = 50
const idleMs = 2000

export async function scale(peer: PoolPeer, bench: Bench): Promise<void> {
  const before = memoryOf(processTree(process.pid))
  const { pool, took } = await startAll(peer)
  bench.report('start50', 's', [took])
  const workerPids = new Set(await callAll(pool, 'getPid'))
  await delay(idleMs)
  // The workers are named besides, because one may not be a descendant.
  const after = memoryOf(new Set([...processTree(process.pid), ...workerPids]))
  bench.report('worker_processes', '', [workerPids.size])
  if (workerPids.size === n) {
    const { rssBytes, pssBytes } = memoryOf(workerPids)
    bench.report('worker_rss', 'MB', [rssBytes / n / 1e6])
    bench.report('worker_pss', 'MB', [pssBytes / n / 1e6])
  }
  bench.report('tree_pss_growth_per_worker', 'MB', [(after.pssBytes - before.pssBytes) / n / 1e6])
  await pool.stop()
}

async function startAll(peer: PoolPeer): Promise<{ pool: Pool; took: number }> {
  const { promise, resolve } = Promise.withResolvers<Pool>()
  const took = await seconds(async () => {
    const pool = await startPool(peer, n)
    resolve(pool)
    await callAll(pool, 'identity')
  })
  return { pool: await promise, took }
}

function callAll(pool: Pool, name: 'identity' | 'getPid'): Promise<number[]> {
  return Promise.all(Array.from({ length: n }, async (_, i) => Number(await pool.call(i, name, i))))
}
