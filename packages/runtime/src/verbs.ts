/**
 * The public verbs over the process' own cluster, the same on the manager and within functions on a worker.
 * What each does, and what it throws, stands with the implementation that it names.
 */

import type { CollectionOptions, ImapOptions, PreduceOptions } from './collection-options.ts'
import { currentPeer } from './current-peer.ts'
import type { Future } from './future.ts'
import { imap as imapOver } from './imap.ts'
import { pmap as pmapOver } from './pmap.ts'
import { preduce as preduceOver } from './preduce.ts'
import {
  remoteCallFetchOver,
  remoteCallOver,
  remoteCallWaitOver,
  remoteDoOver,
  type Target,
} from './remote-call.ts'
import { defaultWorkerPool as defaultWorkerPoolOf, type WorkerPool } from './worker-pool.ts'

/** The id of this process; the manager is 1. */
export function myid(): number {
  return currentPeer().id
}

/** Ids of all live processes, sorted, the manager's 1 included. */
export function procs(): number[] {
  return [1, ...currentPeer().workers()]
}

export function nprocs(): number {
  return procs().length
}

/** Ids of the live workers, sorted; `[1]` when there are none. */
export function workers(): number[] {
  const ids = currentPeer().workers()
  return ids.length === 0 ? [1] : [...ids]
}

/** How many workers there are; 1 when there are none. */
export function nworkers(): number {
  return workers().length
}

/**
 * Calls `fn(...args)` on a process, at once, and gives the `Future` of its result.
 *
 * Calls to one process start in the order they were made, and run concurrently there. For this process' own id nothing
 * is copied. What goes wrong, also before anything was sent, is the future's failure.
 *
 * @param target the id of a process, or a pool, of which an idle worker is taken
 * @throws {TypeError} for a bad function or target.
 * @example
 * const future = remoteCall((a: number, b: number) => a + b, 2, 20, 22)
 * console.log(await future.fetch()) // 42
 */
export function remoteCall<A extends unknown[], R>(
  fn: (...args: A) => R,
  target: Target,
  ...args: A
): Future<Awaited<R>> {
  return remoteCallOver(currentPeer(), fn, target, args)
}

/**
 * Calls `fn(...args)` on a process and gives its result, in one round trip.
 *
 * @throws {RemoteError} when the function threw; `cause` is what it threw.
 * @throws {WorkerTerminatedError} when the worker went away before it answered, or is known to be gone.
 * @throws {SerializationError} when the function, an argument or the result cannot travel.
 * @throws {RangeError} for an id that never was.
 * @example
 * const { pid } = await remoteCallFetch(() => ({ pid: process.pid }), 2)
 */
export function remoteCallFetch<A extends unknown[], R>(
  fn: (...args: A) => R,
  target: Target,
  ...args: A
): Promise<Awaited<R>> {
  return remoteCallFetchOver(currentPeer(), fn, target, args)
}

/**
 * Calls `fn(...args)` on a process and waits until it is done; the value stays there until it is fetched.
 *
 * @throws as `remoteCallFetch`.
 */
export function remoteCallWait<A extends unknown[], R>(
  fn: (...args: A) => R,
  target: Target,
  ...args: A
): Promise<Future<Awaited<R>>> {
  return remoteCallWaitOver(currentPeer(), fn, target, args)
}

/**
 * Calls `fn(...args)` on a process and wants no answer: what it throws is printed where it ran.
 *
 * @throws {SerializationError} when the function or an argument cannot travel.
 * @throws {WorkerTerminatedError | RangeError} on the manager, for a worker that is known to be gone and an id that never was; on
 * a worker, which hears of it later, that is printed.
 */
export function remoteDo<A extends unknown[]>(fn: (...args: A) => unknown, target: Target, ...args: A): void {
  remoteDoOver(currentPeer(), fn, target, args)
}

/**
 * Calls `fn(item, index)` for each item on the workers.
 *
 * @param items length n ≥ 0, iterable or async iterable, pulled lazily
 * @returns the results, in the order of the input, length n
 * @throws the first failure, after which nothing more is started; see `CollectionOptions` for what counts as one.
 * @example
 * const squares = await pmap((x: number) => x ** 2, [1, 2, 3]) // [1, 4, 9]
 */
export function pmap<T, R>(
  fn: (item: T, index: number) => R,
  items: Iterable<T> | AsyncIterable<T>,
  options?: CollectionOptions<T, Awaited<R>>,
): Promise<Awaited<R>[]> {
  return pmapOver(currentPeer(), fn, items, options)
}

/** Like `pmap`, each result as it comes, in input order unless `ordered` is false; leaving the loop stops the work. */
export function imap<T, R>(
  fn: (item: T, index: number) => R,
  items: Iterable<T> | AsyncIterable<T>,
  options?: ImapOptions<T, Awaited<R>>,
): AsyncIterable<Awaited<R>> {
  return imapOver(currentPeer(), fn, items, options)
}

/** Folds `fn(item, index)` of all items with `reduce`: contiguous chunks on the workers, their results in order here. */
export function preduce<T, R>(
  fn: (item: T, index: number) => R,
  reduce: (left: Awaited<R>, right: Awaited<R>) => Awaited<R> | Promise<Awaited<R>>,
  items: Iterable<T> | AsyncIterable<T>,
  options?: PreduceOptions<T, Awaited<R>>,
): Promise<Awaited<R>> {
  return preduceOver(currentPeer(), { fn, reduce }, items, options)
}

/** Makes a function that runs `fn` on an idle worker of all. */
export function remote<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => Promise<Awaited<R>> {
  return defaultWorkerPool().remote(fn)
}

/** Gives the pool of all workers, late joiners included; while there are none it gives this process. */
export function defaultWorkerPool(): WorkerPool {
  return defaultWorkerPoolOf(currentPeer())
}
