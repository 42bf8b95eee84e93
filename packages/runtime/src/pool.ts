/** What every pool of workers can do. */

import { describe } from '@dialback/protocol'
import type { AnyFunction, Caller, Shipment } from './caller.ts'

export interface TakeOptions {
  /** Ends the waiting; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined
}

export interface Pool {
  /** How many live workers belong to it, idle or not. */
  readonly length: number
  /** Whether `take` would give one at once. */
  readonly isReady: boolean
  /** The live workers that belong to it, idle or not. */
  workers(): readonly number[]
  /**
   * Takes the worker that has been idle longest; waits until there is one.
   *
   * @throws what `emptyError` gives when none is left.
   */
  take(options?: TakeOptions): Promise<number>
  /** Gives a taken worker back; one that was not taken, or is gone, is ignored. */
  put(id: number): void
  /** Adds a worker, as idle. */
  push(id: number): void
  /** Takes a worker for as long as what `start` gives is pending. */
  run<R>(start: (id: number) => Promise<R>, options?: TakeOptions): Promise<R>
  /** Makes a function that runs on the next idle worker. */
  remote<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => Promise<Awaited<R>>
  /** Makes a function ready to travel to its workers. @throws {SerializationError} when it cannot. */
  ship(fn: AnyFunction): Shipment
  /** Calls back after `workers()` may have changed; the result ends that. */
  onMembershipChange(listener: () => void): () => void
  /** Whether its ids are those of this process's cluster: in another one they would be other workers. */
  isOf(caller: Caller): boolean
  /**
   * Why nothing can be done: how its last worker was lost, or `Cannot ACTION: no live worker in the pool`.
   */
  emptyError(action: string): Error
}

/** Whether a value is a pool, whatever its class. */
export function isPool(value: unknown): value is Pool {
  if (typeof value !== 'object' || value === null) return false
  return ['workers', 'take', 'run', 'ship', 'onMembershipChange', 'isOf', 'emptyError'].every(
    (method) => typeof Reflect.get(value, method) === 'function',
  )
}

/** @throws {TypeError} when the pool is of another cluster, whose ids mean other workers here, or none. */
export function checkPoolOf(caller: Caller, pool: Pool | undefined, action: string): void {
  if (pool === undefined || pool.isOf(caller)) return
  throw new TypeError(
    `Cannot ${action}: the pool is of another cluster (new WorkerPool(ids, cluster.peer) makes one of that cluster)`,
  )
}

/** The function that `Pool.remote` gives. @throws {TypeError} when `fn` is no function. */
export function remoteOn<A extends unknown[], R>(
  pool: Pool,
  caller: Caller,
  fn: (...args: A) => R,
): (...args: A) => Promise<Awaited<R>> {
  if (typeof fn !== 'function') throw new TypeError(`remote takes a function: ${describe(fn)}`)
  return async (...args): Promise<Awaited<R>> => {
    const value = await pool.run(async (id) => {
      // Nothing travels to this process.
      const shipment = id === caller.id ? { fn } : pool.ship(fn)
      return await caller.start(shipment, id, { kind: 'args', args }).result
    })
    // The cast: what a call of `fn` gives is what its type says.
    return value as Awaited<R>
  }
}
