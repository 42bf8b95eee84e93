/** Tells the workers who is in the cluster. */

import type { Link } from '@dialback/protocol'

/** So many are written to in one turn of the event loop, and so many ms pass until the next such turn. */
const toldAtOnce = 16

/**
 * Each thread hears of it before anything else that is sent to it, and soon in any case. When hundreds come or go, one
 * message tells of many of them, and not all threads are told at the same moment: as many messages as there are pairs of
 * workers, each with the ids of all, would keep this process busy for seconds.
 */
export class MemberNews {
  readonly #links = new Set<Link>()
  readonly #untold = new Set<Link>()
  #timer: NodeJS.Timeout | undefined

  /** A thread that is to hear of changes from now on, over this link. */
  add(link: Link): void {
    this.#links.add(link)
  }

  remove(link: Link): void {
    this.#links.delete(link)
    this.#untold.delete(link)
  }

  /** @param live ids of the workers that there are now */
  tell(live: readonly number[]): void {
    const message = { type: 'members', workers: live } as const
    for (const link of this.#links) {
      link.sendLatest(message)
      this.#untold.add(link)
    }
    if (this.#timer === undefined) this.#timer = setTimeout(this.#tellSome, 0).unref()
  }

  readonly #tellSome = (): void => {
    const some = [...this.#untold.keys().take(toldAtOnce)]
    for (const link of some) {
      this.#untold.delete(link)
      link.flush()
    }
    this.#timer = this.#untold.size > 0 ? setTimeout(this.#tellSome, toldAtOnce).unref() : undefined
  }
}
