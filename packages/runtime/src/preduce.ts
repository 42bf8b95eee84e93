/** `preduce`: one value of all items, folded on the workers. */

import { RemoteError } from '@dialback/protocol'
import { EvenChunks } from './batch.ts'
import type { BatchFormat } from './batch-format.ts'
import { type CollectionHost, clockOf } from './collection-host.ts'
import { checkFunction, type PreduceOptions, resolveOptions } from './collection-options.ts'
import { gather } from './gather.ts'
import { ItemRun } from './item-run.ts'
import { checkItems } from './item-source.ts'
import { Membership } from './membership.ts'
import type { ItemFunction, Items } from './pmap.ts'
import { checkPoolOf } from './pool.ts'
import { unlessAborted } from './unless-aborted.ts'

/** Makes one value of two; must be associative, and need not be commutative. */
export type Reducer<R> = (left: R, right: R) => R | Promise<R>

/** What is done with each item, and with the values. */
export interface MapAndReduce<T, R> {
  readonly fn: ItemFunction<T, R>
  readonly reduce: Reducer<Awaited<R>>
}

interface Piece<R> {
  readonly index: number
  readonly value: R
}

/**
 * Calls `fn(item, index)` for each item and folds the values in input order: each worker one contiguous
 * chunk, whose sizes differ by 1 at most, and this process the values of the chunks.
 *
 * The input is read to its end first. Options are those of `pmap`, with `batchSize` as the least length of a
 * chunk. A chunk whose worker was taken away is run again as it was; a failed item alone, and what it gives
 * then is folded in here. When `reduce` throws, that is the end.
 *
 * @throws {TypeError} when there are no items.
 * @throws what `pmap` throws.
 * @example
 * const total = await preduce((line: string) => line.length, (a, b) => a + b, lines)
 */
export async function preduce<T, R>(
  host: CollectionHost,
  { fn, reduce }: MapAndReduce<T, R>,
  items: Items<T>,
  options?: PreduceOptions<T, Awaited<R>>,
): Promise<Awaited<R>> {
  checkFunction('fn', fn)
  checkFunction('reduce', reduce)
  checkItems(items)
  const resolved = resolveOptions('preduce', options)
  checkPoolOf(host, resolved.pool, 'run preduce')
  const list = await gather(items, resolved.signal, clockOf(host))
  if (list.length === 0) throw new TypeError('Reduce of empty input with no initial value')
  const leastSize = resolved.batchSize === 'auto' ? 1 : resolved.batchSize
  const ids = new Membership(host, resolved, 'preduce').current()
  const threadCount = ids.reduce((sum, id) => sum + (host.threadsOf?.(id) ?? 1), 0)
  const parts = Math.max(1, Math.min(threadCount, Math.floor(list.length / leastSize)))
  const pieces = await new Promise<Piece<Awaited<R>>[]>((resolve, reject) => {
    const done: Piece<Awaited<R>>[] = []
    const collector = {
      held: undefined,
      deliver(index: number, value: unknown): void {
        // The cast: what calls of `fn` and `reduce` give is what their types say.
        done.push({ index, value: value as Awaited<R> })
      },
      finish: () => resolve(done),
      fail: reject,
    }
    const sizer = new EvenChunks(list.length, parts)
    const format = foldedChunks(fn, reduce)
    new ItemRun(host, {
      verb: 'preduce',
      fn,
      format,
      items: list,
      sizer,
      options: resolved,
      collector,
    }).start()
  })
  return await unlessAborted(foldHere(pieces, reduce, host.id, resolved.signal), resolved.signal)
}

async function foldHere<R>(
  pieces: Piece<R>[],
  reduce: Reducer<R>,
  ownId: number,
  signal: AbortSignal | undefined,
): Promise<R> {
  const [first, ...others] = pieces.sort((a, b) => a.index - b.index)
  if (first === undefined) throw new TypeError('Reduce of empty input with no initial value')
  try {
    let { value } = first
    for (const other of others) {
      // Nobody waits for the value any more.
      if (signal?.aborted === true) break
      value = await reduce(value, other.value)
    }
    return value
  } catch (error) {
    // The same as where a worker folds.
    throw new RemoteError(ownId, error)
  }
}

/** What a chunk gives: folded runs of items that succeeded, and the items between them that threw. */
interface FoldedChunk {
  readonly runs: readonly (readonly [index: number, count: number, value: unknown])[]
  readonly thrown: readonly (readonly [position: number, error: unknown])[]
  /** One element when `reduce` threw it. */
  readonly reduceThrew: readonly unknown[]
}

function foldedChunks<T, R>(fn: ItemFunction<T, R>, reduce: Reducer<Awaited<R>>): BatchFormat {
  return {
    fn: chunkFold(fn, reduce),
    isWhole: true,
    input: (items, firstIndex) => ({ kind: 'args', args: [items, firstIndex] }),
    read(answer, { workerId }, deliver) {
      // The cast: it is what `chunkFold` gave on the worker.
      const { runs, thrown, reduceThrew } = answer as FoldedChunk
      if (reduceThrew.length > 0) throw new RemoteError(workerId, reduceThrew[0])
      for (const [index, count, value] of runs) deliver(index, value, count)
      return thrown.map(([position, error]) => [position, new RemoteError(workerId, error)])
    },
  }
}

/** The function that travels: it may use nothing but what it is given here. */
function chunkFold<T, R>(fn: ItemFunction<T, R>, reduce: Reducer<Awaited<R>>) {
  return async (items: readonly T[], firstIndex: number): Promise<FoldedChunk> => {
    const runs: [index: number, count: number, value: Awaited<R>][] = []
    const thrown: [position: number, error: unknown][] = []
    let run: [index: number, count: number, value: Awaited<R>] | undefined
    for (const [position, item] of items.entries()) {
      const index = firstIndex + position
      let value: Awaited<R>
      try {
        value = await fn(item, index)
      } catch (error) {
        thrown.push([position, error])
        run = undefined
        continue
      }
      if (run === undefined) {
        run = [index, 1, value]
        runs.push(run)
        continue
      }
      try {
        run[2] = await reduce(run[2], value)
        run[1]++
      } catch (error) {
        return { runs: [], thrown: [], reduceThrew: [error] }
      }
    }
    return { runs, thrown, reduceThrew: [] }
  }
}
