/** A clock that stands still until it is told to move. */

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../src/clock.ts'

interface Timer {
  readonly at: number
  readonly callback: () => void
}

export class ManualClock implements Clock {
  #now = 0
  readonly #timers = new Set<Timer>()

  /** How many callbacks are outstanding. */
  get pending(): number {
    return this.#timers.size
  }

  now(): number {
    return this.#now
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Moves on, and lets everything happen that happens by then. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await nextTurn()
    for (let timer = this.#next(end); timer; timer = this.#next(end)) {
      this.#fire(timer)
      await nextTurn()
    }
    this.#now = end
  }

  /** Moves on as far as it takes until a promise settles; gives the ms that took. */
  async passUntil(promise: Promise<unknown>): Promise<number> {
    const start = this.#now
    let isSettled = false
    const settle = (): void => {
      isSettled = true
    }
    promise.then(settle, settle)
    for (await flush(); !isSettled; await flush()) {
      const timer = this.#next(Number.POSITIVE_INFINITY)
      if (timer === undefined) throw new Error('Nothing will happen any more, and the promise is pending')
      this.#fire(timer)
    }
    return this.#now - start
  }

  #fire(timer: Timer): void {
    this.#timers.delete(timer)
    this.#now = Math.max(this.#now, timer.at)
    timer.callback()
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer
    }
    return next
  }
}

/** Lets promises settle; much cheaper than a turn of the event loop. */
async function flush(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}
