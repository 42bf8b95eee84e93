/** The functions that every peer runs on its workers. */

import { renameSync, writeFileSync } from 'node:fs'

export const identity = <T>(value: T): T => value
export const square = (x: number): number => x * x
export const size = (bytes: ArrayBufferView): number => bytes.byteLength
export const getPid = (): number => process.pid

/** `n` steps of xorshift32 from 1: work that no compiler leaves out and that needs no memory. */
export function spin(n: number): number {
  let x = 1
  for (let i = 0; i < n; i++) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
  }
  return x >>> 0
}

/** The seconds that `times` spins of `n` take in one call. */
export function spinMany({ n, times }: { n: number; times: number }): number {
  const start = performance.now()
  for (let i = 0; i < times; i++) spin(n)
  return (performance.now() - start) / 1000
}

/** The `n` for which one `spin(n)` takes `seconds` in this process. */
export function calibrate(seconds: number): number {
  let n = 100_000
  for (let round = 0; round < 8; round++) {
    const each = spinMany({ n, times: 20 }) / 20
    n = Math.round((n * seconds) / Math.max(each, 1e-6))
  }
  return n
}

/** Tells its pid in `file` (which is complete as soon as it exists), then sleeps. */
export function tellPidAndSleep({ file, seconds }: { file: string; seconds: number }): Promise<void> {
  writeFileSync(`${file}~`, String(process.pid))
  renameSync(`${file}~`, file)
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000))
}

/** One message of a batch: `name` over each of `items`. */
export function mapBatch({ name, items }: { name: FunctionName; items: readonly unknown[] }): unknown[] {
  return items.map((item) => functions[name](item as never))
}

export type FunctionName =
  | 'identity'
  | 'square'
  | 'size'
  | 'getPid'
  | 'spin'
  | 'spinMany'
  | 'calibrate'
  | 'tellPidAndSleep'
  | 'mapBatch'

/** The same by name, for peers that send a name instead of a function. */
export const functions: Readonly<Record<FunctionName, (argument: never) => unknown>> = {
  identity,
  square,
  size,
  getPid,
  spin,
  spinMany,
  calibrate,
  tellPidAndSleep,
  mapBatch,
}
