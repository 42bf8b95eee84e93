/** Cuts the input into batches as workers ask for them, and never reads further ahead than is allowed. */

import type { Batch, BatchSizer } from './batch.ts'
import type { ItemSource } from './item-source.ts'
import type { Reruns } from './reruns.ts'

/** What the bounds on reading ahead depend on. */
export interface Demand {
  readonly workerCount: number
  /** Workers that have nothing to run. */
  readonly idleCount: number
  /** Items in batches that run. */
  readonly runningItems: number
  /** Whether each worker has a batch waiting behind the one that it runs. */
  readonly isAhead: boolean
  /** Items that need nothing more. */
  readonly finished: number
  /** Values that nobody has fetched yet; undefined where they do not limit reading ahead. */
  readonly held: number | undefined
}

export interface SupplySetup {
  readonly source: ItemSource
  readonly sizer: BatchSizer
  readonly reruns: Reruns
  readonly ownId: number
  readonly demand: Demand
}

export class Supply {
  readonly #source: ItemSource
  readonly #sizer: BatchSizer
  readonly #reruns: Reruns
  readonly #ownId: number
  readonly #demand: Demand
  #taken = 0

  constructor({ source, sizer, reruns, ownId, demand }: SupplySetup) {
    this.#source = source
    this.#sizer = sizer
    this.#reruns = reruns
    this.#ownId = ownId
    this.#demand = demand
  }

  /** How many items of the input were taken or left out. */
  get pulled(): number {
    return this.#taken + (this.#source.skipped ?? 0)
  }

  /** Whether the input has nothing more. */
  get isExhausted(): boolean {
    return this.#source.isDone
  }

  /** How many items there are in all, as far as that is known. */
  get total(): number | undefined {
    return this.#source.isDone ? this.pulled : this.#source.total
  }

  /** The next batch for a worker that is idle or (`isAhead`) to wait there. Throws what the input throws. */
  next(workerId: number, isAhead: boolean): Batch | undefined {
    if (isAhead) return this.#reruns.nextRecalled() ?? this.#freshAhead(workerId)
    const isChoosy = this.#demand.workerCount > 1
    return (
      this.#reruns.next(workerId, isChoosy) ?? this.#fresh(workerId) ?? this.#reruns.next(workerId, false)
    )
  }

  /**
   * Whether anything is to run, for which it may read one item that is then lost. Throws what the input
   * throws.
   */
  hasMore(): boolean {
    return this.#reruns.isDue || (this.pulled === this.#demand.finished && this.#source.take(1) !== undefined)
  }

  close(): void {
    this.#reruns.clear()
    this.#source.close()
  }

  #freshAhead(workerId: number): Batch | undefined {
    // Suspects start on an idle worker only, so that nothing else is with it if it is lost.
    return this.#sizer.isSteady && !this.#reruns.hasSuspects ? this.#fresh(workerId) : undefined
  }

  #fresh(workerId: number): Batch | undefined {
    if (this.#source.isDone) return undefined
    const { total } = this.#source
    const remaining = total === undefined ? undefined : total - this.pulled
    const size = workerId === this.#ownId ? 1 : this.#sizer.next(remaining, this.#demand.workerCount)
    const count = Math.min(size, this.#room(size))
    const items = count > 0 ? this.#source.take(count) : undefined
    if (items === undefined) return undefined
    const firstIndex = this.pulled
    this.#taken += items.length
    // An input that takes its time begins with the next batch; where each worker has one waiting, they ask by
    // themselves.
    if (!this.#demand.isAhead) this.#source.prefetch(Math.min(size, this.#room(size)))
    return { firstIndex, items, history: undefined, losses: 0 }
  }

  /**
   * How many more items may be taken: what runs and one batch ahead, or one for each worker while batches are
   * short.
   */
  #room(size: number): number {
    const { held, finished, workerCount, idleCount, runningItems, isAhead } = this.#demand
    const isInMemory = this.#source.isInMemory
    if (isInMemory && held === undefined) return size
    const ahead = isInMemory ? 3 * workerCount : isAhead ? workerCount : 1
    return (idleCount + ahead) * size - (this.pulled - finished - runningItems) - (held ?? 0)
  }
}
