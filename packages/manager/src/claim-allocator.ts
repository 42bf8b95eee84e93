/** Gives calls over one connection their claims (see the runtime's `ClaimTable`). */

import type { Claim } from '@dialback/protocol'
import { claimSlots } from '@dialback/runtime'

/** The table's slots are 32-bit; calls beyond cannot be taken back. */
const maxGeneration = 2 ** 31 - 1

export class ClaimAllocator {
  #last = 0
  /** Generations of calls that are not answered yet, oldest first. */
  readonly #pending = new Set<number>()

  /** Undefined while the slot that is next may still be needed: such a call cannot be taken back. */
  give(): Claim | undefined {
    const generation = this.#last + 1
    const [oldest = generation] = this.#pending
    if (generation - oldest >= claimSlots || generation > maxGeneration) return undefined
    this.#last = generation
    this.#pending.add(generation)
    return { slot: generation % claimSlots, generation }
  }

  release(claim: Claim): void {
    this.#pending.delete(claim.generation)
  }
}
