/** F: a worker is killed while it runs a call. */

import { existsSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Bench, check } from '../measure.ts'
import { type PoolPeer, startPool } from '../peers/pool.ts'

const waitForErrorMs = 45_000

export async function failure(peer: PoolPeer, bench: Bench): Promise<void> {
  const outcomes = await bench.repeat(5, (round) => killOne(peer, round))
  const times = outcomes.map(({ ms }) => ms)
  bench.report('kill_to_error', 'ms', times, outcomes.at(-1)?.message)
}

interface Outcome {
  readonly ms: number
  readonly message: string
}

async function killOne(peer: PoolPeer, round: number): Promise<Outcome> {
  const pool = await startPool(peer, 2)
  await Promise.all([pool.call(0, 'identity', 1), pool.call(1, 'identity', 2)])
  const file = join(tmpdir(), `dialback-bench-victim-${process.pid}-${round}`)
  const settled = pool.call(0, 'tellPidAndSleep', { file, seconds: 60 }).then(
    () => ({ at: performance.now(), message: 'no error' }),
    (error: unknown) => ({ at: performance.now(), message: describe(error) }),
  )
  const victim = await Promise.race([readPid(file), settled])
  if (typeof victim !== 'number') throw new Error(`Settled before the kill: ${victim.message}`)
  await delay(500)
  const killedAt = performance.now()
  process.kill(victim, 'SIGKILL')
  const late = { at: Number.NaN, message: `no error in ${waitForErrorMs} ms` }
  const { at, message } = await Promise.race([settled, delay(waitForErrorMs, late, { ref: false })])
  check(Number.isFinite(at), message)
  await pool.stop()
  return { ms: at - killedAt, message }
}

/** Waits for `file`, which another process writes; what watches files would tell later than this asks. */
async function readPid(file: string): Promise<number> {
  while (!existsSync(file)) await delay(20)
  const pid = Number(readFileSync(file, 'utf8'))
  rmSync(file)
  return pid
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
