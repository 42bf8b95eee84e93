/** The launches that are under way, which end with their cluster: what they were to start must not come after its end. */

import { AbortError, LaunchError } from '@dialback/protocol'

export class Launches {
  readonly #end = new AbortController()
  readonly #underWay = new Set<Promise<unknown>>()

  /** Runs a launch with a signal that fires when `signal` does, and when all are ended. @throws {LaunchError} after that. */
  async run<T>(signal: AbortSignal | undefined, launch: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#end.signal.aborted) throw new LaunchError('Cannot launch workers: the cluster is closed', [])
    const signals = [this.#end.signal, ...(signal === undefined ? [] : [signal])]
    const running = launch(AbortSignal.any(signals))
    this.#underWay.add(running)
    try {
      return await running
    } finally {
      this.#underWay.delete(running)
    }
  }

  /** Ends those that are under way, and waits until they have. No others can be begun. */
  async end(): Promise<void> {
    this.#end.abort(new AbortError('The cluster was closed while workers were being added'))
    await Promise.allSettled(this.#underWay)
  }
}
