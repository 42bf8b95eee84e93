/** `pmap`: the values of a function for all items, computed on the workers. */

import { FixedSize, MeasuredSize } from './batch.ts'
import { mappedBatches } from './batch-format.ts'
import type { CollectionHost } from './collection-host.ts'
import { type CollectionOptions, checkFunction, resolveOptions } from './collection-options.ts'
import { ItemRun } from './item-run.ts'
import { checkItems } from './item-source.ts'
import { openJournal } from './journal/open-journal.ts'
import { checkPoolOf } from './pool.ts'

/** A function of an item and its position in the input. */
export type ItemFunction<T, R> = (item: T, index: number) => R

/** What a verb reads. */
export type Items<T> = Iterable<T> | AsyncIterable<T>

/**
 * Calls `fn(item, index)` for each item, on whichever worker is free, and gives the results in input order.
 *
 * The input is read lazily: what runs and one batch ahead, or one for each worker while batches are short. An
 * item is run again after a failure as the options say, on another worker if there is one. When it fails for
 * good without an `onError`, or the signal fires, nothing more is started, what runs is cancelled, the
 * input's `return()` is called, and the promise rejects at once. Workers that join take part. With no workers
 * at the start everything runs in this process, one item at a time; once all workers are gone it rejects with
 * the loss of the last one.
 *
 * `items`: length n ≥ 0; result: same order and length.
 *
 * @throws {TypeError | RangeError} for a bad option, before anything is read.
 * @throws {RemoteError} when the function threw.
 * @throws {WorkerTerminatedError} when a worker went away, more than `workerLosses` times if that was not the
 * item's doing.
 * @throws {SerializationError} when the function, an item or a result cannot travel.
 * @throws {JournalError} when the journal is of another function, another process has it, or it cannot be written.
 * @example
 * const status = async (url: string) => (await fetch(url)).status
 * const all = await pmap(status, urls, { retryDelays: ['1s', '5s'], signal: AbortSignal.timeout(60_000) })
 */
export async function pmap<T, R>(
  host: CollectionHost,
  fn: ItemFunction<T, R>,
  items: Items<T>,
  options?: CollectionOptions<T, Awaited<R>>,
): Promise<Awaited<R>[]> {
  checkFunction('fn', fn)
  checkItems(items)
  const resolved = resolveOptions('pmap', options)
  checkPoolOf(host, resolved.pool, 'run pmap')
  const { promise, resolve, reject } = Promise.withResolvers<Awaited<R>[]>()
  const results: Awaited<R>[] = []
  const collector = {
    held: undefined,
    deliver(index: number, value: unknown): void {
      // The cast: what a call of `fn` gives is what its type says.
      results[index] = value as Awaited<R>
    },
    finish: () => resolve(results),
    fail: reject,
  }
  const sizer = resolved.batchSize === 'auto' ? new MeasuredSize() : new FixedSize(resolved.batchSize)
  const format = mappedBatches(fn)
  const run = new ItemRun(host, { verb: 'pmap', fn, format, items, sizer, options: resolved, collector })
  await using journal = resolved.journal && (await openJournal(host, fn, resolved.journal))
  run.start(journal)
  return await promise
}
