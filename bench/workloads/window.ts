/** I: 20,000 calls to one worker by lanes, each of which awaits its call before the next. */

import { type Bench, check, seconds } from '../measure.ts'
import { type PoolPeer, startPool } from '../peers/pool.ts'

const calls = 20_000

export async function window(peer: PoolPeer, bench: Bench): Promise<void> {
  const pool = await startPool(peer, 1)
  for (const lanes of [64, 256]) {
    async function all(): Promise<void> {
      let next = 0
      async function lane(): Promise<void> {
        while (next < calls) {
          const i = next++
          check((await pool.call(0, 'identity', i)) === i, 'answer')
        }
      }
      await Promise.all(Array.from({ length: lanes }, lane))
    }
    await all()
    const rates = await bench.repeat(5, async () => calls / (await seconds(all)))
    bench.report(`calls_per_s/window=${lanes}`, '1/s', rates)
  }
  await pool.stop()
}
