/** A pool that ships each function once. */

import type { AnyFunction, Caller, Shipment } from './caller.ts'
import { currentPeer } from './current-peer.ts'
import { type Pool, remoteOn, type TakeOptions } from './pool.ts'
import { WorkerPool } from './worker-pool.ts'

/**
 * A `WorkerPool` that makes a function, with all that it captured, ready to travel once: each worker gets it
 * once, however often it is called there, and what was captured keeps the value that it had the first time,
 * until `clear()`.
 *
 * @example
 * const pool = new CachingPool([2, 3])
 * const find = pool.remote((word: string) => dictionary.get(word))
 * await Promise.all(words.map(find))
 */
export class CachingPool implements Pool {
  readonly #caller: Caller
  readonly #pool: WorkerPool
  #shipments = new WeakMap<AnyFunction, Shipment>()

  /** @throws {TypeError} when an id is not a whole number of at least 1. */
  constructor(ids: Iterable<number>, caller: Caller = currentPeer()) {
    this.#caller = caller
    this.#pool = new WorkerPool(ids, caller)
  }

  readonly isOfAll = false

  get length(): number {
    return this.#pool.length
  }

  get isReady(): boolean {
    return this.#pool.isReady
  }

  workers(): readonly number[] {
    return this.#pool.workers()
  }

  take(options?: TakeOptions): Promise<number> {
    return this.#pool.take(options)
  }

  put(id: number): void {
    this.#pool.put(id)
  }

  push(id: number): void {
    this.#pool.push(id)
  }

  run<R>(start: (id: number) => Promise<R>, options?: TakeOptions): Promise<R> {
    return this.#pool.run(start, options)
  }

  remote<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => Promise<Awaited<R>> {
    return remoteOn(this, this.#caller, fn)
  }

  ship(fn: AnyFunction): Shipment {
    let shipment = this.#shipments.get(fn)
    if (shipment === undefined) {
      shipment = { ...this.#caller.ship(fn), isShared: true }
      this.#shipments.set(fn, shipment)
    }
    return shipment
  }

  onMembershipChange(listener: () => void): () => void {
    return this.#pool.onMembershipChange(listener)
  }

  isOf(caller: Caller): boolean {
    return caller === this.#caller
  }

  emptyError(action: string): Error {
    return this.#pool.emptyError(action)
  }

  /** Forgets the functions: each is made ready anew when it is next called. */
  clear(): this {
    this.#shipments = new WeakMap()
    return this
  }
}
