/** D: large values there and back, and one to two workers. */

import { randomFillSync } from 'node:crypto'
import { type Bench, check, seconds } from '../measure.ts'
import { type Pool, type PoolPeer, startPool } from '../peers/pool.ts'

export const mebibyte: number = 2 ** 20

export async function payload(peer: PoolPeer, bench: Bench): Promise<void> {
  const pool = await startPool(peer, 2)
  const bytes = randomBytes(8 * mebibyte)
  const doubles = Float64Array.from({ length: mebibyte }, Math.random)
  await reportEcho(pool, bench, { name: 'u8-8MiB', value: bytes, times: 11 })
  await reportEcho(pool, bench, { name: 'f64-8MiB', value: doubles, times: 11 })
  await reportEcho(pool, bench, { name: 'u8-100MiB', value: randomBytes(100 * mebibyte), times: 3 })
  await toBoth(pool, bytes)
  const broadcasts = await bench.repeat(11, async () => (await seconds(() => toBoth(pool, bytes))) * 1000)
  bench.report('broadcast-8MiB-to-2', 'ms', broadcasts)
  await pool.stop()
}

export function randomBytes(length: number): Uint8Array {
  return randomFillSync(new Uint8Array(length))
}

/** One call there and back. */
export async function echo(pool: Pool, value: Uint8Array | Float64Array): Promise<void> {
  const back = await pool.call(0, 'identity', value)
  const isSame =
    (back instanceof Uint8Array || back instanceof Float64Array) &&
    back.byteLength === value.byteLength &&
    back.at(-1) === value.at(-1)
  check(isSame, `echo of ${value.byteLength} bytes`)
}

interface Echo {
  readonly name: string
  readonly value: Uint8Array | Float64Array
  readonly times: number
}

async function reportEcho(pool: Pool, bench: Bench, { name, value, times }: Echo): Promise<void> {
  await echo(pool, value)
  const rates = await bench.repeat(times, async () => {
    return (2 * value.byteLength) / 1e6 / (await seconds(() => echo(pool, value)))
  })
  bench.report(`MB_per_s/echo-${name}`, 'MB/s', rates)
}

async function toBoth(pool: Pool, bytes: Uint8Array): Promise<void> {
  const sizes = await Promise.all([pool.call(0, 'size', bytes), pool.call(1, 'size', bytes)])
  check(
    sizes.every((size) => size === bytes.byteLength),
    'size of a broadcast',
  )
}
