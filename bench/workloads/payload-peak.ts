/** D, beside its speed: what 100 MiB there and back cost in memory, and how long they keep others waiting. */

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { Bench } from '../measure.ts'
import { type Pool, type PoolPeer, startPool } from '../peers/pool.ts'
import { peakMemoryBytes } from '../process-memory.ts'
import { echo, mebibyte, randomBytes } from './payload.ts'

const bodyBytes = 100 * mebibyte
const pingIntervalMs = 10

/** In a process of its own, so that no earlier body's garbage is counted. */
export async function payloadPeak(peer: PoolPeer, bench: Bench): Promise<void> {
  const pool = await startPool(peer, 1)
  const workerPid = Number(await pool.call(0, 'getPid'))
  const body = randomBytes(bodyBytes)
  const rounds = await bench.repeat(3, () => longestWaits(pool, body))
  bench.report(
    'manager_blocked',
    'ms',
    rounds.map(({ blockedMs }) => blockedMs),
  )
  bench.report(
    'small_call_beside',
    'ms',
    rounds.map(({ callMs }) => callMs),
  )
  bench.report('peak/manager', '× body', [peakMemoryBytes(process.pid) / bodyBytes])
  bench.report('peak/worker', '× body', [peakMemoryBytes(workerPid) / bodyBytes])
  await pool.stop()
}

interface Waits {
  /** The longest time in which the manager's event loop did nothing else. */
  readonly blockedMs: number
  /** The longest round trip of a small call to the same worker meanwhile. */
  readonly callMs: number
}

async function longestWaits(pool: Pool, body: Uint8Array): Promise<Waits> {
  const loop = monitorEventLoopDelay({ resolution: 1 })
  loop.enable()
  const isDone = new AbortController()
  const pings = longestCall(pool, isDone.signal)
  await echo(pool, body)
  isDone.abort()
  const callMs = await pings
  loop.disable()
  return { blockedMs: loop.max / 1e6, callMs }
}

async function longestCall(pool: Pool, until: AbortSignal): Promise<number> {
  let longestMs = 0
  while (!until.aborted) {
    await delay(pingIntervalMs)
    const start = performance.now()
    await pool.call(0, 'identity', 1)
    longestMs = Math.max(longestMs, performance.now() - start)
  }
  return longestMs
}
