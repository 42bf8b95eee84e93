/** Workers that are taken and given back, in the order in which they became idle. */

import { describe } from '@dialback/protocol'
import type { AnyFunction, Caller, Shipment } from './caller.ts'
import { currentPeer } from './current-peer.ts'
import { type Pool, remoteOn, type TakeOptions } from './pool.ts'

interface Waiter {
  resolve(id: number): void
  reject(error: unknown): void
}

/**
 * Some workers, each of which runs one call of this pool at a time.
 *
 * Dead workers leave at once. When the last one does, all that wait for one reject. Calls that do not go
 * through the pool, a `pmap` on it included, take no notice of who is idle.
 *
 * @example
 * const pool = new WorkerPool([2, 3])
 * const area = pool.remote((width: number, height: number) => width * height)
 * await Promise.all([area(1, 2), area(3, 4), area(5, 6)])
 */
export class WorkerPool implements Pool {
  readonly #caller: Caller
  readonly #isOfAll: boolean
  readonly #members: Set<number>
  readonly #idle: Set<number>
  readonly #taken = new Set<number>()
  readonly #waiters = new Set<Waiter>()
  readonly #listeners = new Set<() => void>()
  #unsubscribe: (() => void) | undefined

  /**
   * `ids`: also of workers that are gone; or all workers, late joiners included, and this process while there
   * are none. `caller`: the `peer` of a `Cluster` of one's own.
   *
   * @throws {TypeError} when an id is not a whole number of at least 1.
   */
  constructor(ids: Iterable<number> | 'all', caller: Caller = currentPeer()) {
    this.#caller = caller
    this.#isOfAll = ids === 'all'
    this.#members = new Set(ids === 'all' ? [] : checkIds(ids))
    this.#idle = new Set(this.#members)
  }

  /** Whether it is the pool of all workers, late joiners included. */
  get isOfAll(): boolean {
    return this.#isOfAll
  }

  get length(): number {
    return this.workers().length
  }

  get isReady(): boolean {
    this.#adopt()
    if (this.#isOfAll && this.#caller.workers().length === 0) return true
    for (const id of this.#idle) if (this.#isLive(id)) return true
    return false
  }

  workers(): readonly number[] {
    const all = this.#caller.workers()
    if (this.#isOfAll) return all.length > 0 ? all : [this.#caller.id]
    const live = new Set([1, this.#caller.id, ...all])
    return [...this.#members].filter((id) => live.has(id))
  }

  async take({ signal }: TakeOptions = {}): Promise<number> {
    signal?.throwIfAborted()
    this.#adopt()
    const id = this.#takeIdle()
    if (id !== undefined) return id
    if (this.#isEmpty()) {
      if (this.#isOfAll) return this.#caller.id
      throw this.emptyError('take a worker')
    }
    return await this.#wait(signal)
  }

  put(id: number): void {
    if (!this.#taken.delete(id) || !this.#members.has(id)) return
    this.#idle.add(id)
    this.#serve()
  }

  push(id: number): void {
    for (const checked of checkIds([id])) {
      if (this.#members.has(checked)) return
      this.#members.add(checked)
      this.#idle.add(checked)
    }
    this.#onChange()
  }

  async run<R>(start: (id: number) => Promise<R>, options?: TakeOptions): Promise<R> {
    const id = await this.take(options)
    try {
      return await start(id)
    } finally {
      this.put(id)
    }
  }

  remote<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => Promise<Awaited<R>> {
    return remoteOn(this, this.#caller, fn)
  }

  ship(fn: AnyFunction): Shipment {
    return this.#caller.ship(fn)
  }

  onMembershipChange(listener: () => void): () => void {
    const entry = (): void => listener()
    this.#listeners.add(entry)
    this.#watch()
    return () => {
      this.#listeners.delete(entry)
      this.#unwatch()
    }
  }

  isOf(caller: Caller): boolean {
    return caller === this.#caller
  }

  emptyError(action: string): Error {
    let unknown: Error | undefined
    for (const id of [...this.#members].reverse()) {
      try {
        const loss = this.#caller.lossOf(id)
        if (loss !== undefined) return loss
      } catch (error) {
        if (error instanceof Error) unknown = error
      }
    }
    return unknown ?? new Error(`Cannot ${action}: no live worker in the pool`)
  }

  #wait(signal: AbortSignal | undefined): Promise<number> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#waiters.delete(waiter)
        signal?.removeEventListener('abort', onAbort)
        this.#unwatch()
      }
      const onAbort = (): void => waiter.reject(signal?.reason)
      const waiter: Waiter = {
        resolve(id) {
          end()
          resolve(id)
        },
        reject(error) {
          end()
          reject(error)
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiters.add(waiter)
      this.#watch()
    })
  }

  /** Takes in workers that have joined, where all belong to the pool, and forgets those that are gone. */
  #adopt(): void {
    if (!this.#isOfAll) return
    const all = new Set(this.#caller.workers())
    for (const id of all) {
      if (this.#members.has(id)) continue
      this.#members.add(id)
      this.#idle.add(id)
    }
    if (this.#members.size === all.size) return
    for (const id of this.#members) {
      if (all.has(id)) continue
      this.#members.delete(id)
      this.#idle.delete(id)
      this.#taken.delete(id)
    }
  }

  #takeIdle(): number | undefined {
    for (const id of this.#idle) {
      this.#idle.delete(id)
      if (!this.#isLive(id)) continue
      this.#taken.add(id)
      return id
    }
    return undefined
  }

  #serve(): void {
    for (const waiter of this.#waiters) {
      const id = this.#takeIdle()
      if (id === undefined) break
      waiter.resolve(id)
    }
    if (this.#waiters.size === 0 || !this.#isEmpty()) return
    const error = this.emptyError('take a worker')
    for (const waiter of this.#waiters) {
      if (this.#isOfAll) waiter.resolve(this.#caller.id)
      else waiter.reject(error)
    }
  }

  #isEmpty(): boolean {
    return this.#isOfAll ? this.#caller.workers().length === 0 : this.workers().length === 0
  }

  /** The manager is not among the workers, and neither need this process be. */
  #isLive(id: number): boolean {
    return id === 1 || id === this.#caller.id || this.#caller.workers().includes(id)
  }

  readonly #onChange = (): void => {
    this.#adopt()
    this.#serve()
    for (const listener of this.#listeners) listener()
  }

  // Only while somebody waits or listens, so that a pool that is dropped leaves nothing behind.
  #watch(): void {
    this.#unsubscribe ??= this.#caller.onMembershipChange(this.#onChange)
  }

  #unwatch(): void {
    if (this.#waiters.size > 0 || this.#listeners.size > 0) return
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
  }
}

const poolsOfAll = new WeakMap<Caller, WorkerPool>()

/**
 * Gives the pool of all workers, late joiners included; while there are none it gives this process. It is the
 * same one each time.
 */
export function defaultWorkerPool(caller: Caller): WorkerPool {
  let pool = poolsOfAll.get(caller)
  if (pool === undefined) {
    pool = new WorkerPool('all', caller)
    poolsOfAll.set(caller, pool)
  }
  return pool
}

function checkIds(ids: Iterable<number>): number[] {
  if (typeof ids !== 'object' || ids === null || typeof Reflect.get(ids, Symbol.iterator) !== 'function') {
    throw new TypeError(`ids must be an iterable of worker ids: ${describe(ids)}`)
  }
  const list = [...ids]
  for (const id of list) {
    if (!Number.isSafeInteger(id) || id < 1) {
      throw new TypeError(`A worker id must be a whole number of at least 1: ${describe(id)}`)
    }
  }
  return list
}
