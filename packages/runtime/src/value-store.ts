/** Values that are kept where they were made until somebody fetches or releases them. */

import type { EncodedBody } from '@dialback/protocol'

/** How a call whose value is kept ended. */
export interface KeptValue {
  readonly kind: 'value' | 'thrown' | 'failed'
  readonly body: EncodedBody
  /** Content hashes of the modules that it needs. */
  readonly modules?: readonly string[]
}

export class ValueStore {
  readonly #values = new Map<number, KeptValue>()
  /** Who asked for a value that is not made yet. */
  readonly #waiting = new Map<number, ((value: KeptValue) => void)[]>()

  get size(): number {
    return this.#values.size
  }

  set(ref: number, value: KeptValue): void {
    this.#values.set(ref, value)
    const waiting = this.#waiting.get(ref) ?? []
    this.#waiting.delete(ref)
    for (const callback of waiting) callback(value)
  }

  /** Calls back with the value, now or when it is made. */
  get(ref: number, callback: (value: KeptValue) => void): void {
    const value = this.#values.get(ref)
    if (value !== undefined) callback(value)
    else this.#waiting.set(ref, [...(this.#waiting.get(ref) ?? []), callback])
  }

  /** Answers those that wait for values that will not be made any more. */
  settleWaiting(value: KeptValue): void {
    const waiting = [...this.#waiting.values()].flat()
    this.#waiting.clear()
    for (const callback of waiting) callback(value)
  }

  delete(ref: number): void {
    this.#values.delete(ref)
  }
}
