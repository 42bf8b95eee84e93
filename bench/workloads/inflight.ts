/** H: 20,000 calls to one worker, none awaited until all are issued. */

import { type Bench, check, seconds } from '../measure.ts'
import { type PoolPeer, startPool } from '../peers/pool.ts'

const calls = 20_000

export async function inflight(peer: PoolPeer, bench: Bench): Promise<void> {
  const pool = await startPool(peer, 1)
  async function all(): Promise<void> {
    const answers = []
    for (let i = 0; i < calls; i++) answers.push(pool.call(0, 'identity', i))
    check((await Promise.all(answers)).at(-1) === calls - 1, 'last answer')
  }
  await all()
  bench.report('calls_per_s', '1/s', await bench.repeat(5, async () => calls / (await seconds(all))))
  await pool.stop()
}
