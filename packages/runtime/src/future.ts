/** A value that is being made on some process and stays there until it is fetched. */

import { FutureSetError, WorkerTerminatedError } from '@dialback/protocol'
import { currentPeer } from './current-peer.ts'
import { type FutureSource, openFuture } from './future-source.ts'
import type { Reference } from './keeping/keeper-client.ts'
import type { Peer } from './peer.ts'

export type Outcome =
  | { readonly isFulfilled: true; readonly value: unknown }
  | { readonly isFulfilled: false; readonly error: unknown }

/** What a `Future` is made from: where its value comes from, or for somebody to put one. */
type Origin =
  | { readonly source: FutureSource; readonly outcome?: Outcome }
  | { readonly peer: Peer; readonly owner: number }

/**
 * A value that is there once, or will be: the result of a call, or what somebody puts. Not thenable: awaiting it gives the
 * `Future` itself. Whoever is sent one gets a reference; of one that was fetched before, its value or how it failed.
 *
 * @example
 * const future = remoteCall((n: number) => n ** 2, 2, 12)
 * console.log(await future.fetch()) // 144
 */
export class Future<R> {
  readonly #source: FutureSource
  #outcome: Outcome | undefined
  #fetching: Promise<R> | undefined
  #isReleased = false
  #isLoading = false

  /**
   * Makes one that has no value yet: `put` gives it one, from any process.
   *
   * @param owner the id of the process where the value will be. @default this one
   * @throws {TypeError} when it is no id.
   */
  constructor(owner?: number)
  /** For the library's own use. */
  constructor(from: Origin)
  constructor(from: number | Origin = currentPeer().id) {
    const origin = isOrigin(from) ? from : { peer: currentPeer(), owner: from }
    this.#source = 'source' in origin ? origin.source : openFuture(origin, this)
    if ('source' in origin) this.#outcome = origin.outcome
  }

  /** The id of the process that has the value; 0 while the call waits for a worker of its pool. */
  get owner(): number {
    return this.#source.owner
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
    if (this.#outcome?.isFulfilled === false) throw this.#outcome.error
    if (this.#outcome === undefined) {
      this.#checkHeld()
      await this.#source.done
    }
    return this
  }

  /** Whether there is a value or a failure: asks the owner, unless it is known here. @throws as `fetch`, when the owner is gone. */
  async isReady(): Promise<boolean> {
    if (this.#outcome !== undefined) return true
    this.#checkHeld()
    return await this.#source.isReady()
  }

  /**
   * Gives the future its value, on whatever process.
   *
   * @throws {FutureSetError} when it has one, or when it is that of a call.
   * @throws {WorkerTerminatedError} when the owner is gone.
   * @throws {SerializationError} when the value cannot travel to the owner.
   */
  async put(value: R): Promise<this> {
    if (this.#outcome !== undefined) throw this.#refusal(this.#outcome)
    this.#checkHeld()
    await this.#source.put(value)
    return this
  }

  /** Says that the value is not needed here any more: once no process holds the future, its owner drops it. What was fetched, or is being, stays. */
  release(): void {
    this.#isReleased = true
    // A fetch that is under way still needs it, and lets go of it.
    if (!this.#isLoading) this.#source.release(this)
  }

  [Symbol.dispose](): void {
    this.release()
  }

  /** Whether other processes of this peer's cluster can be told of it; of what was fetched all can. */
  canTravelBy(peer: Peer): boolean {
    return this.#source.peer === peer || (this.#outcome !== undefined && !this.#source.isHere)
  }

  /** How it travels: what it was found to be, if that need not be asked of its owner; else where it is. */
  toHandle(): Outcome | (Reference & { readonly isOfCall: boolean }) {
    const { isHere, isOfCall } = this.#source
    if (this.#outcome !== undefined && !isHere) return this.#outcome
    if (this.#isReleased && !isHere) throw new Error('Cannot send a Future that was released')
    return { ...this.#source.refer(this), isOfCall }
  }

  async #load(): Promise<R> {
    if (this.#outcome === undefined) await this.#settle()
    const outcome = this.#outcome
    if (outcome?.isFulfilled === false) throw outcome.error
    // The source gives what the call returned.
    return outcome?.value as R
  }

  async #settle(): Promise<void> {
    this.#checkHeld()
    this.#isLoading = true
    try {
      this.#outcome = { isFulfilled: true, value: await this.#source.load() }
    } catch (error) {
      this.#outcome = { isFulfilled: false, error }
    }
    this.#isLoading = false
    if (this.#isReleased || !this.#source.isHere) this.#source.release(this)
  }

  /** Why it cannot be given a value. */
  #refusal(outcome: Outcome): unknown {
    const error = outcome.isFulfilled ? undefined : outcome.error
    const isOwnerGone = error instanceof WorkerTerminatedError && error.workerId === this.owner
    return isOwnerGone ? error : new FutureSetError('Future can be set only once')
  }

  #checkHeld(): void {
    if (this.#isReleased && this.#outcome === undefined)
      throw new Error('Cannot use a Future that was released')
  }
}

function isOrigin(from: unknown): from is Origin {
  return typeof from === 'object' && from !== null && ('source' in from || 'peer' in from)
}
