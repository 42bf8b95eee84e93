/** Which workers a collection may use, as they come and go. */

import { WorkerTerminatedError } from '@dialback/protocol'
import type { Caller } from './caller.ts'
import type { ResolvedOptions } from './collection-options.ts'
import type { Pool } from './pool.ts'
import { defaultWorkerPool } from './worker-pool.ts'

/**
 * The workers of the options' pool, or all; this process where the options say so, or when there are none at
 * the start.
 */
export class Membership {
  readonly #caller: Caller
  readonly #pool: Pool | undefined
  readonly #isDistributed: boolean
  readonly #verb: string
  readonly #seen = new Set<number>()
  #hadWorkers = false

  constructor(caller: Caller, { pool, distributed }: ResolvedOptions, verb: string) {
    this.#caller = caller
    this.#pool = pool === defaultWorkerPool(caller) ? undefined : pool
    this.#isDistributed = distributed
    this.#verb = verb
  }

  /** The ids to use now. */
  current(): readonly number[] {
    if (!this.#isDistributed) return [this.#caller.id]
    const ids = (this.#pool ?? this.#caller).workers()
    for (const id of ids) this.#seen.add(id)
    if (this.#pool !== undefined) return ids
    this.#hadWorkers ||= ids.length > 0
    // Once there were workers, this process does not take over from them: what ended them could end it too.
    return this.#hadWorkers ? ids : [this.#caller.id]
  }

  /** Calls back after each change; the result ends that. */
  onChange(listener: () => void): () => void {
    if (!this.#isDistributed) return () => {}
    return (this.#pool ?? this.#caller).onMembershipChange(listener)
  }

  /** Why nothing can run any more: how a worker was lost, the last one if it is known. */
  emptyError(lastLoss: WorkerTerminatedError | undefined): Error {
    if (lastLoss !== undefined) return lastLoss
    const ids = [...this.#seen].reverse()
    for (const id of ids) {
      const loss = this.#caller.lossOf(id)
      if (loss !== undefined) return loss
    }
    const [last] = ids
    // It left with nothing to do for us, and why is not known yet.
    if (last !== undefined) return new WorkerTerminatedError(last, { reason: 'Unknown', blame: 'unknown' })
    const action = `run ${this.#verb}`
    return this.#pool?.emptyError(action) ?? new Error(`Cannot ${action}: there are no workers`)
  }
}
