/** B: a map of 10,000 items that take no time, over two workers. */

import { type Bench, check, seconds } from '../measure.ts'
import { type PoolPeer, startPool } from '../peers/pool.ts'

const items = Array.from({ length: 10_000 }, (_, i) => i)

export async function pmapTiny(peer: PoolPeer, bench: Bench): Promise<void> {
  const pool = await startPool(peer, 2)
  for (const [variant, map] of Object.entries(pool.maps)) {
    await map('square', items)
    const rates = await bench.repeat(5, async () => {
      let results: unknown[] = []
      const took = await seconds(async () => {
        results = await map('square', items)
      })
      check(results.length === items.length && results.at(-1) === 9999 ** 2, `${variant} of squares`)
      return items.length / took
    })
    bench.report(`tasks_per_s/${variant}`, '1/s', rates)
  }
  await pool.stop()
}
