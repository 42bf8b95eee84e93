/** Results that come as they are fetched: what `imap` gives. */

import { Fifo } from './fifo.ts'
import type { Collector } from './run-setup.ts'

/** What makes the results, as far as their reader is concerned. */
export interface ResultMaker {
  start(): void
  /** Results were fetched: there is room for more. */
  resume(): void
  close(): void
}

interface Waiter<R> {
  resolve(result: IteratorResult<R, undefined>): void
  reject(error: unknown): void
}

export class ResultStream<R> implements AsyncIterableIterator<R, undefined, undefined>, AsyncDisposable {
  readonly #isOrdered: boolean
  readonly #maker: ResultMaker
  readonly #ready = new Fifo<R>()
  /** In order: results that came before an earlier one. */
  readonly #early = new Map<number, R>()
  readonly #waiting = new Fifo<Waiter<R>>()
  #nextIndex = 0
  #state: 'idle' | 'open' | 'ended' = 'idle'
  #failure: { readonly error: unknown } | undefined

  constructor(isOrdered: boolean, make: (collector: Collector) => ResultMaker) {
    this.#isOrdered = isOrdered
    const held = (): number => this.#ready.length + this.#early.size
    this.#maker = make({
      get held() {
        return held()
      },
      deliver: (index, value) => this.#deliver(index, value),
      finish: () => this.#finish(),
      fail: (error) => this.#fail(error),
    })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** The next result; calls that overlap get theirs in turn. */
  next(): Promise<IteratorResult<R, undefined>> {
    if (this.#state === 'idle') {
      this.#state = 'open'
      this.#maker.start()
    }
    if (this.#ready.length > 0) {
      // The cast: of several results one may be undefined, and that is then what the function gave.
      const value = this.#ready.shift() as R
      this.#maker.resume()
      return Promise.resolve({ done: false, value })
    }
    if (this.#failure !== undefined) {
      const { error } = this.#failure
      this.#failure = undefined
      return Promise.reject(error)
    }
    if (this.#state === 'ended') return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** Ends it: what runs is cancelled, the input closed, and results that were not fetched are dropped. */
  return(): Promise<IteratorResult<R, undefined>> {
    if (this.#state === 'open') this.#maker.close()
    this.#failure = undefined
    while (this.#ready.length > 0) this.#ready.shift()
    this.#finish()
    return Promise.resolve({ done: true, value: undefined })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  #deliver(index: number, value: unknown): void {
    // The cast: what a call of the function gives is what its type says.
    const result = value as R
    if (!this.#isOrdered) {
      this.#give(result)
      return
    }
    if (index !== this.#nextIndex) {
      this.#early.set(index, result)
      return
    }
    this.#nextIndex++
    this.#give(result)
    while (this.#early.has(this.#nextIndex)) {
      const early = this.#early.get(this.#nextIndex) as R
      this.#early.delete(this.#nextIndex++)
      this.#give(early)
    }
  }

  #finish(): void {
    this.#state = 'ended'
    this.#early.clear()
    for (let waiter = this.#waiting.shift(); waiter; waiter = this.#waiting.shift()) {
      waiter.resolve({ done: true, value: undefined })
    }
  }

  #fail(error: unknown): void {
    const waiter = this.#waiting.shift()
    if (waiter === undefined) this.#failure = { error }
    else waiter.reject(error)
    this.#finish()
  }

  #give(result: R): void {
    const waiter = this.#waiting.shift()
    if (waiter === undefined) this.#ready.push(result)
    else waiter.resolve({ done: false, value: result })
  }
}
