/** A: one call after another. */

import { type Bench, median } from '../measure.ts'
import { type PoolPeer, startPool } from '../peers/pool.ts'

const warmUpCalls = 1000
const calls = 2000

export async function rtt(peer: PoolPeer, bench: Bench): Promise<void> {
  const pool = await startPool(peer, 1)
  for (let i = 0; i < warmUpCalls; i++) await pool.call(0, 'identity', 42)
  const rounds = await bench.repeat(5, async () => {
    const microseconds: number[] = []
    for (let i = 0; i < calls; i++) {
      const start = performance.now()
      await pool.call(0, 'identity', 42)
      microseconds.push((performance.now() - start) * 1000)
    }
    microseconds.sort((a, b) => a - b)
    return { p50: median(microseconds), p99: microseconds[Math.floor(calls * 0.99)] ?? Number.NaN }
  })
  bench.report(
    'p50',
    'µs',
    rounds.map(({ p50 }) => p50),
  )
  bench.report(
    'p99',
    'µs',
    rounds.map(({ p99 }) => p99),
  )
  await pool.stop()
}
