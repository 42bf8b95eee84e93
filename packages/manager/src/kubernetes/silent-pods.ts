/**
 * Pods whose workers have said nothing for too long. They are being deleted, and what they really ended with is waited for,
 * as when their node comes back, but neither for ever nor for any number of them.
 */

import { unheldClock } from './unheld-clock.ts'

/** Twice what a cluster by default gives a node that does not answer, before it takes its pods away. */
const limitMs = 600_000
const mostPods = 1_000

export interface SilentPod {
  /** Resolves when it needs not be waited for any more. */
  readonly gone: Promise<void>
  end(how: 'kill'): void
}

export class SilentPods {
  /** What stops the waiting for each, the longest waited for first. */
  readonly #waiting = new Map<SilentPod, () => void>()
  readonly #clock: Pick<typeof unheldClock, 'after'>

  constructor(clock: Pick<typeof unheldClock, 'after'> = unheldClock) {
    this.#clock = clock
  }

  /** Waits for one, which is killed when that takes too long, or when they are too many. */
  add(pod: SilentPod): void {
    this.#waiting.set(
      pod,
      this.#clock.after(limitMs, () => this.#giveUp(pod)),
    )
    void pod.gone.then(() => this.#forget(pod))
    const [longest] = this.#waiting.size > mostPods ? this.#waiting.keys() : []
    if (longest !== undefined) this.#giveUp(longest)
  }

  #giveUp(pod: SilentPod): void {
    this.#forget(pod)
    pod.end('kill')
  }

  #forget(pod: SilentPod): void {
    this.#waiting.get(pod)?.()
    this.#waiting.delete(pod)
  }
}
