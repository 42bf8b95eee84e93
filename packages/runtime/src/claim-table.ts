/**
 * Decides between a thread that is about to start a call and its caller that wants the call back, in memory that the
 * agent's main thread shares with it: so a call can be taken back also while the thread is in a busy loop.
 *
 * A slot holds the generation of the last call that was started there, or its negative when it was taken back. The
 * caller raises the generation with each use of a slot, and calls reach the thread in that order.
 */

import type { Claim } from '@dialback/protocol'

export const claimSlots = 256

export class ClaimTable {
  readonly memory: SharedArrayBuffer
  readonly #slots: Int32Array

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(claimSlots * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory
    this.#slots = new Int32Array(memory)
  }

  /** Called by the thread: false when the call was taken back and must not run. */
  start({ slot, generation }: Claim): boolean {
    const seen = Atomics.load(this.#slots, slot)
    if (Math.abs(seen) >= generation) return false
    return Atomics.compareExchange(this.#slots, slot, seen, generation) === seen
  }

  /** Called for the caller: true when the call will never run. */
  takeBack({ slot, generation }: Claim): boolean {
    const seen = Atomics.load(this.#slots, slot)
    if (Math.abs(seen) >= generation) return seen === -generation
    return Atomics.compareExchange(this.#slots, slot, seen, -generation) === seen
  }
}
