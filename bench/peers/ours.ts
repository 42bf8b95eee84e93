/** Ours, through nothing but the public API. */

import { addProcs, pmap, remoteCallFetch, rmProcs } from '@dialback/manager'
import { functions } from '../functions.ts'
import type { Pool } from './pool.ts'

export async function startOurs(n: number): Promise<Pool> {
  const ids = await addProcs(n)
  return {
    call: (worker, name, argument) =>
      remoteCallFetch(functions[name], ids[worker] ?? Number.NaN, argument as never),
    maps: {
      default: (name, items) => pmap(functions[name], items as never[]),
      auto: (name, items) => pmap(functions[name], items as never[], { batchSize: 'auto' }),
      'batch=100': (name, items) => pmap(functions[name], items as never[], { batchSize: 100 }),
    },
    stop: () => rmProcs(ids),
  }
}
