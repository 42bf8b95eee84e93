/** Piscina: threads of one process, no transport at all. It chooses the worker itself. */

import { Piscina } from 'piscina'
import { programPath } from '../program-path.ts'
import { laneMap } from './lane-map.ts'
import type { Call, Pool } from './pool.ts'

export async function startPiscina(n: number): Promise<Pool> {
  const pool = new Piscina({ filename: programPath('functions'), minThreads: n, maxThreads: n })
  const call: Call = (_worker, name, argument) => pool.run(argument, { name })
  return {
    call,
    maps: {
      'all-at-once': (name, items) => Promise.all(items.map((item) => call(0, name, item))),
      'batch=100': (name, items) => laneMap(call, { workers: n, depth: 1, batch: 100 }, name, items),
    },
    stop: () => pool.destroy(),
  }
}
