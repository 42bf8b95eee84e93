/** Reads the input of `pmap`, `imap` and `preduce` lazily, whatever kind of iterable it is. */

import { describe } from '@dialback/protocol'
import { AsyncSource } from './async-source.ts'
import { checkResult } from './check-result.ts'
import type { Clock } from './clock.ts'

/** Told by an input that cannot give its items at once. */
export interface SourceListener {
  /** What `take` could not give is there now, or the input has ended. */
  onReady(): void
  /** The input threw, and gives nothing more. */
  onFailure(error: unknown): void
}

export interface ItemSource {
  /** How many items there are in all, when the input says so. */
  readonly total: number | undefined
  /** Whether the end was met and every item taken. */
  readonly isDone: boolean
  /** Whether all items are in memory anyhow, so that nothing is gained by holding them back. */
  readonly isInMemory: boolean
  /** How many items were left out so far, where some are: they came before what is taken next. */
  readonly skipped?: number
  /**
   * Takes 1 to `count` items; undefined when there are none, now (`onReady` follows) or any more (`isDone`).
   * Throws what the input throws.
   */
  take(count: number): unknown[] | undefined
  /** Begins to read up to `count` items before somebody takes them, where reading takes time. */
  prefetch(count: number): void
  /** Ends an input that was not read to its end: its iterator's `return()` is called, once. */
  close(): void
}

/** Opens an input. @throws {TypeError} when `items` is neither iterable nor async iterable. */
export function openSource(items: unknown, listener: SourceListener, clock: Clock): ItemSource {
  if (isIndexed(items)) return new IndexedSource(items)
  if (isAsyncIterable(items)) return new AsyncSource(items[Symbol.asyncIterator](), listener, clock)
  if (isIterable(items)) return new IteratorSource(items[Symbol.iterator](), sizeOf(items))
  throw new TypeError(`items must be an iterable or an async iterable: ${describe(items)}`)
}

/** @throws {TypeError} when `items` is neither iterable nor async iterable. */
export function checkItems(items: unknown): void {
  if (!isIndexed(items) && !isAsyncIterable(items) && !isIterable(items)) {
    throw new TypeError(`items must be an iterable or an async iterable: ${describe(items)}`)
  }
}

/** An array, which needs no iterator. */
class IndexedSource implements ItemSource {
  readonly isInMemory = true
  readonly #items: ArrayLike<unknown>
  #next = 0

  constructor(items: ArrayLike<unknown>) {
    this.#items = items
  }

  get total(): number {
    return this.#items.length
  }

  get isDone(): boolean {
    return this.#next >= this.#items.length
  }

  take(count: number): unknown[] | undefined {
    const end = Math.min(this.#next + count, this.#items.length)
    if (this.#next >= end) return undefined
    if (end - this.#next === 1) return [this.#items[this.#next++]]
    const taken: unknown[] = []
    while (this.#next < end) taken.push(this.#items[this.#next++])
    return taken
  }

  prefetch(): void {}

  close(): void {
    this.#next = Number.POSITIVE_INFINITY
  }
}

/** A synchronous iterator is asked when somebody wants an item and not before. */
class IteratorSource implements ItemSource {
  readonly isInMemory = false
  readonly total: number | undefined
  isDone = false
  readonly #iterator: Iterator<unknown>
  #isPulling = false
  #isClosed = false

  constructor(iterator: Iterator<unknown>, total: number | undefined) {
    this.#iterator = iterator
    this.total = total
  }

  take(count: number): unknown[] | undefined {
    if (this.isDone) return undefined
    const taken: unknown[] = []
    this.#isPulling = true
    try {
      while (taken.length < count && !this.#isClosed) {
        const result: IteratorResult<unknown, unknown> = this.#iterator.next()
        checkResult(result)
        if (result.done === true) {
          this.isDone = true
          break
        }
        taken.push(result.value)
      }
    } catch (error) {
      this.isDone = true
      throw error
    } finally {
      this.#isPulling = false
    }
    if (this.#isClosed && !this.isDone) this.#end()
    return taken.length === 0 ? undefined : taken
  }

  prefetch(): void {}

  close(): void {
    if (this.isDone || this.#isClosed) return
    this.#isClosed = true
    // The iterator itself may be what ends everything, by an abort for instance: a running generator cannot
    // be ended.
    if (!this.#isPulling) this.#end()
  }

  #end(): void {
    this.isDone = true
    try {
      this.#iterator.return?.()
    } catch {
      // Something else ended the work already, and that is what its caller hears of.
    }
  }
}

function isIndexed(items: unknown): items is ArrayLike<unknown> {
  return Array.isArray(items) || (ArrayBuffer.isView(items) && !(items instanceof DataView))
}

function isIterable(items: unknown): items is Iterable<unknown> {
  return hasMethod(items, Symbol.iterator)
}

function isAsyncIterable(items: unknown): items is AsyncIterable<unknown> {
  return hasMethod(items, Symbol.asyncIterator)
}

function hasMethod(value: unknown, key: symbol): boolean {
  return value !== null && value !== undefined && typeof Reflect.get(Object(value), key) === 'function'
}

function sizeOf(items: Iterable<unknown>): number | undefined {
  return items instanceof Set || items instanceof Map ? items.size : undefined
}
