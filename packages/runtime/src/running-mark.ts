/**
 * Which calls a thread has begun, and which it is not to begin any more, in memory that others of its process can read and
 * write while the thread is busy.
 */

import { rangeOf } from '@dialback/protocol'

/** Of the calls that began so many are remembered, the latest. */
export const rememberedCalls = 64
/** Of all of them the highest id is known, for so many groups of ranges. */
const rangeGroups = 64
const highestAt = 2 + rememberedCalls
/** How many calls were withdrawn, and the latest of them. */
const withdrawnAt = highestAt + rangeGroups
const numberCount = withdrawnAt + 1 + rememberedCalls

export class RunningMark {
  readonly memory: SharedArrayBuffer
  /** The call whose function runs right now, how many have begun, the ids of the latest, and the highest of each group. */
  readonly #numbers: Float64Array

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(8 * numberCount)) {
    this.memory = memory
    this.#numbers = new Float64Array(memory)
  }

  /** Set only while the function itself runs, not what it does after an `await`. Ids are from 1 on. */
  get callId(): number | undefined {
    const [id] = this.#numbers
    return id === 0 ? undefined : id
  }

  set callId(id: number | undefined) {
    this.#numbers[0] = id ?? 0
    if (id === undefined) return
    const begun = this.#numbers[1] ?? 0
    this.#numbers[2 + (begun % rememberedCalls)] = id
    this.#numbers[1] = begun + 1
    const group = highestAt + (rangeOf(id) % rangeGroups)
    if (id > (this.#numbers[group] ?? 0)) this.#numbers[group] = id
  }

  /** The ids of the latest calls that began; fewer than `rememberedCalls` are all. */
  get begun(): number[] {
    return [...this.#numbers.subarray(2, 2 + Math.min(this.#numbers[1] ?? 0, rememberedCalls))]
  }

  /** The highest id of all calls that began, by their range modulo the length of this; 0 where there was none. */
  get highest(): number[] {
    return [...this.#numbers.subarray(highestAt, withdrawnAt)]
  }

  /** Has the thread not begin a call, which it may have yet to read; not one that has begun. */
  withdraw(id: number): void {
    const count = this.#numbers[withdrawnAt] ?? 0
    this.#numbers[withdrawnAt + 1 + (count % rememberedCalls)] = id
    this.#numbers[withdrawnAt] = count + 1
  }

  /** Whether a call is not to begin: known of the latest. */
  isWithdrawn(id: number): boolean {
    return this.#numbers[withdrawnAt] !== 0 && this.#numbers.subarray(withdrawnAt + 1).includes(id)
  }

  /** Whether it may be this call that keeps the thread busy: not when another one's function runs, or when it has not begun. */
  mayBeBusyWith(id: number): boolean {
    const { callId } = this
    if (callId !== undefined) return callId === id
    const hasForgotten = (this.#numbers[1] ?? 0) > rememberedCalls
    return hasForgotten || this.begun.includes(id)
  }
}
