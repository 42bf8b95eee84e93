/**
 * What is to run besides new items: batches that were given back, items that failed and may wait for their
 * next attempt.
 */

import type { Batch, ItemHistory } from './batch.ts'
import type { Clock } from './clock.ts'
import { Fifo } from './fifo.ts'

export class Reruns {
  readonly #clock: Clock
  readonly #onDue: () => void
  readonly #recalled = new Fifo<Batch>()
  readonly #batches = new Fifo<Batch>()
  readonly #items = new Fifo<ItemHistory>()
  readonly #timers = new Set<() => void>()

  /** `onDue` is told when an item has waited long enough. */
  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** Whether something could run now. */
  get isDue(): boolean {
    return this.#recalled.length > 0 || this.hasSuspects
  }

  /**
   * Whether something could run now that failed, or was with a worker that was lost: it may end another one.
   */
  get hasSuspects(): boolean {
    return this.#batches.length > 0 || this.#items.length > 0
  }

  /** A batch that was taken back before it ran. */
  addRecalled(batch: Batch): void {
    this.#recalled.push(batch)
  }

  /** A batch whose worker was lost. */
  addBatch(batch: Batch): void {
    this.#batches.push(batch)
  }

  addItem(history: ItemHistory, waitMs: number): void {
    if (waitMs === 0) {
      this.#items.push(history)
      return
    }
    const cancel = this.#clock.after(waitMs, () => {
      this.#timers.delete(cancel)
      this.#items.push(history)
      this.#onDue()
    })
    this.#timers.add(cancel)
  }

  nextRecalled(): Batch | undefined {
    return this.#recalled.shift()
  }

  /** What an idle worker should run again; `isChoosy`: not an item that it has just failed at. */
  next(workerId: number, isChoosy: boolean): Batch | undefined {
    const batch = this.#recalled.shift() ?? this.#batches.shift()
    if (batch !== undefined) return batch
    const history = this.#items.peek()
    if (history === undefined || (isChoosy && history.workerId === workerId)) return undefined
    this.#items.shift()
    return { firstIndex: history.index, items: [history.item], history, losses: 0 }
  }

  /** Drops what waits. */
  clear(): void {
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
  }
}
