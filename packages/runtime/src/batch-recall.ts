/** Takes batches back that wait at a worker behind another one, for workers that have nothing to do. */

import type { StartedCall } from './caller.ts'
import type { Lane, Slot } from './lane.ts'

export interface RecallListener {
  /** The batch never ran, and will not. */
  onTaken(slot: Slot): void
  /** It has begun; another one may do. */
  onRefused(): void
}

export class BatchRecall {
  readonly #lanes: ReadonlyMap<string, Lane>
  readonly #listener: RecallListener

  constructor(lanes: ReadonlyMap<string, Lane>, listener: RecallListener) {
    this.#lanes = lanes
    this.#listener = listener
  }

  /** Asks for one, unless as many have been asked for as there are idle workers. */
  request(idleCount: number): void {
    const slot = this.#choose(idleCount)
    if (slot?.call === undefined) return
    const { call } = slot
    slot.recall = 'asked'
    const onAnswer = (isTaken: boolean): void => this.#onAnswer(slot, call, isTaken)
    call.recall().then(onAnswer, () => onAnswer(false))
  }

  /** What would run last of the worker that began last, which is likely to end last. */
  #choose(idleCount: number): Slot | undefined {
    let chosen: Slot | undefined
    let chosenSince = Number.NEGATIVE_INFINITY
    let unanswered = 0
    for (const { head, slots } of this.#lanes.values()) {
      if (head === undefined) continue
      for (const slot of slots) {
        if (slot === head) continue
        if (slot.recall === 'asked' && ++unanswered >= idleCount) return undefined
        if (slot.recall !== 'none' || head.since < chosenSince) continue
        chosen = slot
        chosenSince = head.since
      }
    }
    return chosen
  }

  #onAnswer(slot: Slot, call: StartedCall, isTaken: boolean): void {
    // Else it has ended in the meantime.
    if (slot.call === call) {
      slot.recall = 'refused'
      if (isTaken) {
        this.#listener.onTaken(slot)
        return
      }
    }
    this.#listener.onRefused()
  }
}
