/**
 * Sees to items that failed: another attempt, a value of the user's in its place, or the end of everything.
 */

import { RemoteError, SerializationError, WorkerTerminatedError } from '@dialback/protocol'
import type { Batch, ItemHistory } from './batch.ts'
import { isThenable } from './batch-run.ts'
import type { ItemError, ResolvedOptions } from './collection-options.ts'
import { waitBeforeNextAttempt, wasTakenAway } from './next-attempt.ts'
import type { Reruns } from './reruns.ts'

/** Told what cannot be run again. */
export interface FailureSink {
  /** The item failed for good, and this is its value all the same. */
  replace(index: number, value: unknown): void
  /** Ends everything. */
  fail(error: unknown): void
}

export class FailedItems {
  readonly #options: ResolvedOptions
  readonly #reruns: Reruns
  readonly #sink: FailureSink

  constructor(options: ResolvedOptions, reruns: Reruns, sink: FailureSink) {
    this.#options = options
    this.#reruns = reruns
    this.#sink = sink
  }

  /** A whole call failed; `isWhole`: a batch that was lost is run again as it was. */
  addBatch(batch: Batch, error: unknown, workerId: number, isWhole: boolean): void {
    const { items } = batch
    if (items.length > 1 && error instanceof SerializationError) {
      // Which of them it is shows when each is sent alone; none has run.
      for (let i = 0; i < items.length; i++) this.#reruns.addItem(historyOf(batch, i, workerId), 0)
    } else if (isWhole && wasTakenAway(error) && batch.losses < this.#options.workerLosses) {
      batch.losses++
      this.#reruns.addBatch(batch)
    } else {
      for (let i = 0; i < items.length; i++) this.addItem(batch, i, error, workerId)
    }
  }

  /** The item at `position` of a batch failed. */
  addItem(batch: Batch, position: number, error: unknown, workerId: number): void {
    if (!isItemError(error)) {
      this.#sink.fail(error)
      return
    }
    const history = historyOf(batch, position, workerId)
    try {
      const waitMs = waitBeforeNextAttempt(history, error, this.#options)
      if (waitMs === undefined) this.#giveUp(history, error)
      else this.#reruns.addItem(history, waitMs)
    } catch (thrown) {
      this.#sink.fail(thrown)
    }
  }

  #giveUp({ item, index }: ItemHistory, error: ItemError): void {
    const { onError } = this.#options
    if (onError === undefined) {
      this.#sink.fail(error)
      return
    }
    const value = onError(error, item, index)
    if (!isThenable(value)) {
      this.#sink.replace(index, value)
      return
    }
    const onValue = (replacement: unknown): void => this.#sink.replace(index, replacement)
    value.then(onValue, (thrown: unknown) => this.#sink.fail(thrown))
  }
}

function historyOf(
  { history, items, firstIndex, losses }: Batch,
  position: number,
  workerId: number,
): ItemHistory {
  if (history === undefined) {
    return { index: firstIndex + position, item: items[position], attempts: 0, losses, workerId }
  }
  history.workerId = workerId
  return history
}

/** Anything else is no item's failure: a peer that broke the protocol, or a worker that never was. */
function isItemError(error: unknown): error is ItemError {
  return (
    error instanceof RemoteError ||
    error instanceof WorkerTerminatedError ||
    error instanceof SerializationError
  )
}
