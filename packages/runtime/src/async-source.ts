/** Reads an async iterator: one `next()` at a time, and only while somebody wants items. */

import { checkResult } from './check-result.ts'
import type { Clock } from './clock.ts'
import type { ItemSource, SourceListener } from './item-source.ts'

/** How long a batch that is not full yet waits for the next item before it goes off as it is, in ms. */
const lingerMs = 10

export class AsyncSource implements ItemSource {
  readonly isInMemory = false
  readonly total = undefined
  readonly #iterator: AsyncIterator<unknown>
  readonly #listener: SourceListener
  readonly #clock: Clock
  #items: unknown[] = []
  #wanted = 0
  /** A `take` went away without what it wanted. */
  #isOwing = false
  #isReading = false
  #isEnded = false
  #isOverdue = false
  #stopLinger: (() => void) | undefined

  constructor(iterator: AsyncIterator<unknown>, listener: SourceListener, clock: Clock) {
    this.#iterator = iterator
    this.#listener = listener
    this.#clock = clock
  }

  get isDone(): boolean {
    return this.#isEnded && this.#items.length === 0
  }

  take(count: number): unknown[] | undefined {
    const isComplete = this.#isEnded || this.#isOverdue || this.#items.length >= count
    if (!isComplete || this.#items.length === 0) {
      this.#isOwing = !this.#isEnded
      this.prefetch(count)
      this.#linger()
      return undefined
    }
    this.#forgetLinger()
    this.#wanted = 0
    if (this.#items.length > count) return this.#items.splice(0, count)
    const taken = this.#items
    this.#items = []
    return taken
  }

  prefetch(count: number): void {
    this.#wanted = count
    this.#read()
  }

  close(): void {
    this.#forgetLinger()
    if (this.#isEnded) return
    this.#isEnded = true
    this.#items = []
    try {
      // Not awaited: a generator answers only when the item that it works on is there.
      void Promise.resolve(this.#iterator.return?.()).catch(ignore)
    } catch {
      // Something else ended the work already, and that is what its caller hears of.
    }
  }

  #read(): void {
    if (this.#isReading || this.#isEnded || this.#items.length >= this.#wanted) return
    this.#isReading = true
    try {
      Promise.resolve(this.#iterator.next()).then(this.#onResult, this.#onError)
    } catch (error) {
      this.#onError(error)
    }
  }

  readonly #onResult = (result: IteratorResult<unknown>): void => {
    this.#isReading = false
    if (this.#isEnded) return
    try {
      checkResult(result)
    } catch (error) {
      this.#onError(error)
      return
    }
    if (result.done === true) this.#isEnded = true
    else this.#items.push(result.value)
    if (this.#isEnded || this.#items.length >= this.#wanted) this.#pay()
    else {
      this.#linger()
      this.#read()
    }
  }

  readonly #onError = (error: unknown): void => {
    this.#isReading = false
    if (this.#isEnded) return
    this.#isEnded = true
    this.#forgetLinger()
    this.#listener.onFailure(error)
  }

  #pay(): void {
    if (!this.#isOwing) return
    this.#isOwing = false
    this.#listener.onReady()
  }

  /** A slow input must not keep idle workers waiting until a whole batch of it is there. */
  #linger(): void {
    if (!this.#isOwing || this.#isEnded || this.#items.length === 0 || this.#stopLinger !== undefined) return
    this.#stopLinger = this.#clock.after(lingerMs, () => {
      this.#stopLinger = undefined
      this.#isOverdue = true
      this.#pay()
    })
  }

  #forgetLinger(): void {
    this.#isOverdue = false
    this.#stopLinger?.()
    this.#stopLinger = undefined
  }
}

function ignore(): void {}
