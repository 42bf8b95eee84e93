/** The time, as whatever waits or measures takes it. */

import { monotonicMs } from '@dialback/protocol'

export interface Clock {
  /** Monotonic, in ms. */
  now(): number
  /** Calls back once, after `ms`; the result takes that back. */
  after(ms: number, callback: () => void): () => void
}

/** The process's own clock; what waits on it keeps the process alive. */
export const systemClock: Clock = {
  now: monotonicMs,
  after(ms, callback) {
    // A longer one than this would be taken for 1 ms.
    const timer = setTimeout(callback, Math.min(ms, 2 ** 31 - 1))
    return () => clearTimeout(timer)
  },
}

/** When the process started, in ms of `Date.now()`. Taken at once: where a machine sleeps, the clocks that give it drift apart. */
export const processStartedAt: number = Date.now() - process.uptime() * 1e3
