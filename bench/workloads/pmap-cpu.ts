/** C: a map of 200 tasks of 5 ms over two workers, beside the same work in two halves. */

import { type Bench, median, seconds } from '../measure.ts'
import { type Pool, type PoolPeer, startPool } from '../peers/pool.ts'

const tasks = 200

export async function pmapCpu(peer: PoolPeer, bench: Bench): Promise<void> {
  const pool = await startPool(peer, 2)
  const n = Number(await pool.call(0, 'calibrate', 0.005))
  const spins = (worker: number, times: number): Promise<unknown> =>
    pool.call(worker, 'spinMany', { n, times })
  await Promise.all([spins(0, 20), spins(1, 20)])
  const alone = await bench.repeat(3, async () => Number(await spins(0, tasks)))
  bench.report(
    'task_alone',
    'ms',
    alone.map((took) => (took / tasks) * 1000),
  )
  const ideal = median(alone) / 2
  const halves = () => Promise.all([spins(0, tasks / 2), spins(1, tasks / 2)])
  bench.report(
    'efficiency/static-halves',
    '',
    await bench.repeat(5, async () => ideal / (await seconds(halves))),
  )
  await reportMaps(pool, bench, { n, ideal })
  await pool.stop()
}

async function reportMaps(
  pool: Pool,
  bench: Bench,
  { n, ideal }: { n: number; ideal: number },
): Promise<void> {
  const items = Array.from({ length: tasks }, () => n)
  for (const [variant, map] of Object.entries(pool.maps)) {
    // Two batches of 100 are two halves again.
    if (variant.startsWith('batch')) continue
    await map('spin', items.slice(0, 20))
    const efficiencies = await bench.repeat(5, async () => ideal / (await seconds(() => map('spin', items))))
    bench.report(`efficiency/${variant}`, '', efficiencies)
  }
}
