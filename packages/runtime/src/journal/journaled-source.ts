/** An input without the items that a journal has values of: these are delivered as they come by. */

import { Fifo } from '../fifo.ts'
import type { ItemSource, SourceListener } from '../item-source.ts'
import type { Journal } from './journal.ts'

/** How many values are read before something else may happen in this process. */
const atOnce = 64

export interface JournaledSetup {
  readonly source: ItemSource
  readonly journal: Journal
  readonly listener: Pick<SourceListener, 'onReady'>
  /** Takes the value of an item that need not run. */
  readonly deliver: (index: number, value: unknown) => void
}

export class JournaledSource implements ItemSource {
  readonly #source: ItemSource
  readonly #journal: Journal
  readonly #listener: JournaledSetup['listener']
  readonly #deliver: JournaledSetup['deliver']
  /** Taken from the input, and not looked at yet. */
  readonly #ahead = new Fifo<unknown>()
  /** How many items were looked at. */
  #seen = 0
  #skipped = 0
  /** The last item that was looked at has a value, but comes behind those of a batch. */
  #stored: { readonly value: unknown } | undefined
  #isClosed = false

  constructor({ source, journal, listener, deliver }: JournaledSetup) {
    this.#source = source
    this.#journal = journal
    this.#listener = listener
    this.#deliver = deliver
  }

  get total(): number | undefined {
    return this.#source.total
  }

  get isDone(): boolean {
    return this.#ahead.length === 0 && this.#stored === undefined && this.#source.isDone
  }

  get isInMemory(): boolean {
    return this.#source.isInMemory
  }

  get skipped(): number {
    return this.#skipped
  }

  take(count: number): unknown[] | undefined {
    const taken: unknown[] = []
    for (let skippedNow = 0; taken.length < count; ) {
      if (this.#stored !== undefined) {
        // The items of a batch follow one another.
        if (taken.length > 0) break
        if (skippedNow++ === atOnce) {
          setImmediate(() => this.#listener.onReady())
          return undefined
        }
        this.#skip(this.#stored.value)
      }
      if (this.#isClosed || !this.#fetch(count - taken.length)) break
      const item = this.#ahead.shift()
      this.#stored = this.#journal.take(item, this.#seen++)
      if (this.#stored === undefined) taken.push(item)
    }
    return taken.length === 0 ? undefined : taken
  }

  prefetch(count: number): void {
    this.#source.prefetch(count)
  }

  close(): void {
    this.#isClosed = true
    while (this.#ahead.length > 0) this.#ahead.shift()
    this.#stored = undefined
    this.#source.close()
  }

  #fetch(count: number): boolean {
    if (this.#ahead.length === 0) for (const item of this.#source.take(count) ?? []) this.#ahead.push(item)
    return this.#ahead.length > 0
  }

  #skip(value: unknown): void {
    this.#stored = undefined
    this.#skipped++
    this.#deliver(this.#seen - 1, value)
  }
}
