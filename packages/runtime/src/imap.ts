/** `imap`: the values of a function for all items, one after another as they are wanted. */

import { FixedSize, MeasuredSize } from './batch.ts'
import { mappedBatches } from './batch-format.ts'
import type { CollectionHost } from './collection-host.ts'
import { checkFunction, type ImapOptions, resolveOptions } from './collection-options.ts'
import { ItemRun } from './item-run.ts'
import { checkItems } from './item-source.ts'
import type { Journal } from './journal/journal.ts'
import { openJournal } from './journal/open-journal.ts'
import type { ItemFunction, Items } from './pmap.ts'
import { checkPoolOf } from './pool.ts'
import { ResultStream } from './result-stream.ts'

/**
 * Like `pmap`, but gives each result as soon as it and all before it are there, or with `ordered: false` as
 * soon as it is there.
 *
 * It begins when the first result is asked for. Results that nobody has fetched count as items that are still
 * running, so a slow reader holds up the input: what runs and one batch ahead, or one for each worker while
 * batches are short (four for an array, which is in memory anyhow). Leaving the loop cancels what runs and
 * calls the input's `return()`. When an item fails for good, results that are ready come first and then the
 * error. The iterable can be read once.
 *
 * @throws {TypeError | RangeError} for a bad option, before anything is read.
 * @throws {SerializationError} when the function cannot travel.
 * @example
 * for await (const page of imap(render, documents, { ordered: false })) await save(page)
 */
export function imap<T, R>(
  host: CollectionHost,
  fn: ItemFunction<T, R>,
  items: Items<T>,
  options?: ImapOptions<T, Awaited<R>>,
): AsyncIterableIterator<Awaited<R>, undefined, undefined> & AsyncDisposable {
  checkFunction('fn', fn)
  checkItems(items)
  const resolved = resolveOptions('imap', options)
  checkPoolOf(host, resolved.pool, 'run imap')
  const sizer = resolved.batchSize === 'auto' ? new MeasuredSize() : new FixedSize(resolved.batchSize)
  const format = mappedBatches(fn)
  let journal: Journal | undefined
  const stream = new ResultStream<Awaited<R>>(resolved.ordered, (collector) => {
    const run = new ItemRun(host, { verb: 'imap', fn, format, items, sizer, options: resolved, collector })
    return { start: () => run.start(journal), resume: () => run.resume(), close: () => run.close() }
  })
  if (resolved.journal === undefined) return stream
  const { journal: journalOptions } = resolved
  return journaled(stream, async () => (journal = await openJournal(host, fn, journalOptions)))
}

async function* journaled<R>(
  stream: ResultStream<R>,
  open: () => Promise<Journal>,
): AsyncGenerator<R, undefined, undefined> {
  await using _journal = await open()
  yield* stream
  return undefined
}
