/** All that was measured, by peer, workload and metric. */

import { median } from './measure.ts'
import type { Peer, WorkloadName } from './plan.ts'
import type { CellResult } from './run-cell.ts'

export class Figures {
  readonly #byKey = new Map<string, Map<number, number>>()
  readonly #errors = new Map<string, string>()

  constructor(results: readonly CellResult[]) {
    for (const { cell, measurements } of results) {
      for (const { metric, median: value, error } of measurements) {
        const key = keyOf(cell.workload, cell.peer, metric)
        const byRound = this.#byKey.get(key) ?? new Map<number, number>()
        this.#byKey.set(key, byRound.set(cell.round, value))
        if (error !== undefined) this.#errors.set(key, error)
      }
    }
  }

  /** The median over the rounds of each round's median; undefined when it was not measured. */
  get(workload: WorkloadName, peer: Peer, metric: string): number | undefined {
    const byRound = this.rounds(workload, peer, metric)
    return byRound.size === 0 ? undefined : median([...byRound.values()])
  }

  /** Each round's median, by round; a round that failed is missing. */
  rounds(workload: WorkloadName, peer: Peer, metric: string): ReadonlyMap<number, number> {
    return this.#byKey.get(keyOf(workload, peer, metric)) ?? new Map()
  }

  /** The text that came with a metric. */
  error(workload: WorkloadName, peer: Peer, metric: string): string | undefined {
    return this.#errors.get(keyOf(workload, peer, metric))
  }
}

function keyOf(workload: WorkloadName, peer: Peer, metric: string): string {
  return `${workload} ${peer} ${metric}`
}
