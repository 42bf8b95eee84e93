/** What one worker has of a collection: the batch that it runs and the one that waits there behind it. */

import type { Batch } from './batch.ts'
import type { StartedCall } from './caller.ts'

/** Told when a call of a lane settles. */
export interface LaneListener {
  onValue(slot: Slot, value: unknown): void
  onError(slot: Slot, error: unknown): void
}

export class Lane {
  readonly workerId: number
  /** False once the worker has left: it gets nothing more, but what it has is still waited for. */
  isLive = true
  /** Whether it has answered nothing yet. */
  isNew = true
  /** Runs. */
  head: Slot
  /** Waits at the worker until the head is done. */
  tail: Slot

  constructor(workerId: number, listener: LaneListener) {
    this.workerId = workerId
    this.head = new Slot(this, listener)
    this.tail = new Slot(this, listener)
  }

  get isIdle(): boolean {
    return this.head.call === undefined
  }

  /** Frees a slot; if it was the head's, what waited runs now. */
  release(slot: Slot, now: number): void {
    slot.batch = undefined
    slot.call = undefined
    if (slot !== this.head || this.tail.call === undefined) return
    this.head = this.tail
    this.tail = slot
    this.head.since = now
  }
}

/** Room for one batch. It outlives its batches, so that a call costs no closures. */
export class Slot {
  readonly lane: Lane
  batch: Batch | undefined
  call: StartedCall | undefined
  /** When its batch came to be the one that runs, as far as can be seen from here. */
  since = 0
  /** Of a batch that waits: whether it is being taken back, or cannot be any more. */
  recall: 'none' | 'asked' | 'refused' = 'none'
  /** Whether its worker was lost while another batch ran there: this one cannot have been the cause. */
  isInnocent = false
  readonly #onValue: (value: unknown) => void
  readonly #onError: (error: unknown) => void

  constructor(lane: Lane, listener: LaneListener) {
    this.lane = lane
    this.#onValue = (value) => listener.onValue(this, value)
    this.#onError = (error) => listener.onError(this, error)
  }

  fill(batch: Batch, call: StartedCall, now: number): void {
    this.batch = batch
    this.call = call
    this.since = now
    this.recall = 'none'
    this.isInnocent = false
    call.result.then(this.#onValue, this.#onError)
  }
}
