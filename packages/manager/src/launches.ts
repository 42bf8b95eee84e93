/** The launches that are under way, which end with their cluster: what they were to start must not come after its end. */

import { AbortError } from '@dialback/protocol'

export class Launches {
  #end = new AbortController()
  readonly #underWay = new Set<Promise<unknown>>()

  /** Runs a launch with a signal that fires when `signal` does, and when all are ended. */
  async run<T>(signal: AbortSignal | undefined, launch: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const signals = [this.#end.signal, ...(signal === undefined ? [] : [signal])]
    const running = launch(AbortSignal.any(signals))
    this.#underWay.add(running)
    try {
      return await running
    } finally {
      this.#underWay.delete(running)
    }
  }

  /** Ends those that are under way, and waits until they have. */
  async end(): Promise<void> {
    this.#end.abort(new AbortError('The cluster was closed while workers were being added'))
    this.#end = new AbortController()
    await Promise.allSettled(this.#underWay)
  }
}
