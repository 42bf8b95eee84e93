/** What one thread of a worker has of a collection: the batch that it runs and those that wait there behind it. */

import type { Batch } from './batch.ts'
import type { StartedCall } from './caller.ts'

/** Told when a call of a lane settles. */
export interface LaneListener {
  onValue(slot: Slot, value: unknown): void
  onError(slot: Slot, error: unknown): void
}

export class Lane {
  readonly workerId: number
  readonly thread: number
  /** False once the worker has left: it gets nothing more, but what it has is still waited for. */
  isLive = true
  /** Whether it has answered nothing yet. */
  isNew = true
  readonly #listener: LaneListener
  /** Those that are taken, in the order in which they run: the first one runs, the others wait at the worker. */
  readonly #slots: Slot[] = []
  readonly #free: Slot[] = []

  constructor(workerId: number, thread: number, listener: LaneListener) {
    this.workerId = workerId
    this.thread = thread
    this.#listener = listener
  }

  get slots(): readonly Slot[] {
    return this.#slots
  }

  /** Runs; undefined when nothing does. */
  get head(): Slot | undefined {
    return this.#slots[0]
  }

  /** What no other lane has. */
  get key(): string {
    return laneKey(this.workerId, this.thread)
  }

  get isIdle(): boolean {
    return this.#slots.length === 0
  }

  /** Gives a batch its place behind the others. */
  add(batch: Batch, call: StartedCall, now: number): void {
    const slot = this.#free.pop() ?? new Slot(this, this.#listener)
    this.#slots.push(slot)
    slot.fill(batch, call, now)
  }

  /** Frees a slot; if it was the head's, what waited next runs now. */
  release(slot: Slot, now: number): void {
    const at = this.#slots.indexOf(slot)
    this.#slots.splice(at, 1)
    this.#free.push(slot)
    slot.batch = undefined
    slot.call = undefined
    if (at === 0 && this.head !== undefined) this.head.since = now
  }
}

export function laneKey(workerId: number, thread: number): string {
  return `${workerId}.${thread}`
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
