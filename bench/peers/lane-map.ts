/** A map for peers that have none: every lane takes the next piece as soon as its last one is done. */

import type { FunctionName } from '../functions.ts'
import type { Call, Pool } from './pool.ts'

export interface Lanes {
  readonly workers: number
  /** Pieces out to each worker at a time. */
  readonly depth: number
  /** Items in a piece. */
  readonly batch: number
}

export async function laneMap(
  call: Call,
  { workers, depth, batch }: Lanes,
  name: FunctionName,
  items: readonly number[],
): Promise<unknown[]> {
  const results = Array.from<unknown>({ length: items.length })
  let next = 0
  async function single(worker: number): Promise<void> {
    while (next < items.length) {
      const at = next++
      results[at] = await call(worker, name, items[at])
    }
  }
  async function batched(worker: number): Promise<void> {
    while (next < items.length) {
      const at = next
      next += batch
      const values = (await call(worker, 'mapBatch', {
        name,
        items: items.slice(at, at + batch),
      })) as unknown[]
      for (let i = 0; i < values.length; i++) results[at + i] = values[i]
    }
  }
  const lane = batch === 1 ? single : batched
  await Promise.all(Array.from({ length: workers * depth }, (_, i) => lane(i % workers)))
  return results
}

/** The variants of a peer with addressed workers; `depth=D` keeps D single calls out to each. */
export function laneMaps(call: Call, workers: number): Pool['maps'] {
  return {
    'depth=1': (name, items) => laneMap(call, { workers, depth: 1, batch: 1 }, name, items),
    'depth=4': (name, items) => laneMap(call, { workers, depth: 4, batch: 1 }, name, items),
    'depth=64': (name, items) => laneMap(call, { workers, depth: 64, batch: 1 }, name, items),
    'batch=100': (name, items) => laneMap(call, { workers, depth: 1, batch: 100 }, name, items),
  }
}
