/** A value that is being made on some process and stays there until it is fetched. */

type Outcome =
  | { readonly isFulfilled: true; readonly value: unknown }
  | { readonly isFulfilled: false; readonly error: unknown }

/** Where the value is and how to get at it. */
export interface FutureSource {
  /** Settles when the value is there, without it; rejects as the call did. Never an unhandled rejection. */
  readonly done: Promise<unknown>
  /** Fetches the value; called once, after `done`. */
  load(): Promise<unknown>
  /** Tells the owner that the value is not needed here any more. */
  release(): void
}

/**
 * The result of a call that may not have ended yet. Not thenable: awaiting it gives the `Future` itself.
 *
 * @example
 * const future = remoteCall((n: number) => n ** 2, 2, 12)
 * console.log(await future.fetch()) // 144
 */
export class Future<R> {
  readonly ref: number
  readonly #owner: number | (() => number)
  readonly #source: FutureSource
  /** Other processes may have a reference: then nobody here lets the owner drop the value. */
  #isShared = false
  #outcome: Outcome | undefined
  #fetching: Promise<R> | undefined

  /** Made by `remoteCall`, not by users. */
  constructor(owner: number | (() => number), ref: number, source: FutureSource) {
    this.#owner = owner
    this.ref = ref
    this.#source = source
  }

  /** The id of the process that has the value; 0 while the call waits for a worker of its pool. */
  get owner(): number {
    return typeof this.#owner === 'number' ? this.#owner : this.#owner()
  }

  /**
   * Gives the value, once it is made. The first fetch moves it here, after which its owner is not needed any more; the
   * same holds for a rejection.
   *
   * @throws {RemoteError} what the call threw.
   * @throws {WorkerTerminatedError} when the owner is gone and the value was not fetched before.
   */
  fetch(): Promise<R> {
    if (this.#fetching === undefined) {
      this.#fetching = this.#load()
      this.#fetching.catch(() => {})
    }
    return this.#fetching
  }

  /** Waits until the value is made, without moving it. @throws as `fetch` does. */
  async wait(): Promise<this> {
    if (this.#outcome === undefined) await this.#source.done
    else if (!this.#outcome.isFulfilled) throw this.#outcome.error
    return this
  }

  /** Whether the call has ended, be it by failing. */
  async isReady(): Promise<boolean> {
    if (this.#outcome !== undefined) return true
    const settled = this.#source.done.then(
      () => true,
      () => true,
    )
    // A turn for an answer that has just arrived.
    return await Promise.race([settled, new Promise<boolean>((resolve) => setImmediate(resolve, false))])
  }

  /** Told when a reference leaves this process; gives what the value comes from. */
  share(): Promise<unknown> {
    this.#isShared = true
    return this.#source.done
  }

  /** Lets the owner drop the value; what was fetched stays here. */
  release(): void {
    this.#source.release()
  }

  [Symbol.dispose](): void {
    this.release()
  }

  async #load(): Promise<R> {
    try {
      await this.#source.done
      const value = await this.#source.load()
      this.#outcome = { isFulfilled: true, value }
      if (!this.#isShared) this.release()
      // The source gives what the call returned.
      return value as R
    } catch (error) {
      this.#outcome = { isFulfilled: false, error }
      throw error
    }
  }
}
