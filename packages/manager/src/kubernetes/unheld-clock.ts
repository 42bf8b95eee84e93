/** The process's clock for what goes on in the background, and the one handle that says whether the process waits for it. */

import type { Clock } from '@dialback/runtime'

/** Its callbacks do not keep the process alive. */
export const unheldClock: Clock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms).unref()
    return () => clearTimeout(timer)
  },
}

/** As long as this is held the process stays alive, whatever else is unheld. */
export class Hold {
  #timer: NodeJS.Timeout | undefined

  set(isHeld: boolean): void {
    if (isHeld) this.#timer ??= setInterval(() => {}, 2 ** 30)
    else clearInterval(this.#timer)
    if (!isHeld) this.#timer = undefined
  }
}
