/** Where the value of one future is kept, or will be. */

import { FutureSetError } from '@dialback/protocol'
import { type Asker, type Content, failure } from './content.ts'
import type { Drop, Place } from './place.ts'

export class FuturePlace implements Place {
  readonly #drop: Drop
  #content: Content | undefined
  readonly #waiting = new Map<number, { readonly asker: Asker; readonly isWaitOnly: boolean }>()

  constructor(drop: Drop) {
    this.#drop = drop
  }

  get isSet(): boolean {
    return this.#content !== undefined
  }

  /** Sets the value; the first one stands. */
  set(content: Content): boolean {
    if (this.#content !== undefined) {
      this.#drop(content)
      return false
    }
    this.#content = content
    for (const { asker, isWaitOnly } of this.#waiting.values()) answer(asker, content, isWaitOnly)
    this.#waiting.clear()
    return true
  }

  put(asker: Asker, content: Content): void {
    if (this.set(content)) asker.done()
    else asker.give(failure(new FutureSetError('Future can be set only once')))
  }

  fetch(asker: Asker, isWaitOnly: boolean): void {
    if (this.#content === undefined) this.#waiting.set(asker.id, { asker, isWaitOnly })
    else answer(asker, this.#content, isWaitOnly)
  }

  take(asker: Asker): void {
    asker.give(failure(new TypeError('Cannot take from a Future: fetch it')))
  }

  close(asker: Asker): void {
    asker.give(failure(new TypeError('Cannot close a Future')))
  }

  received(): void {}

  inspect(asker: Asker): void {
    asker.tell({ isReady: this.isSet, isOpen: !this.isSet })
  }

  cancel(id: number, reason: Content | undefined): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (reason !== undefined) waiting?.asker.give(reason)
  }

  free(): void {
    if (this.#content !== undefined) this.#drop(this.#content)
  }
}

function answer(asker: Asker, content: Content, isWaitOnly: boolean): void {
  try {
    if (isWaitOnly && content.kind === 'value') asker.done()
    else asker.give(content)
  } catch (error) {
    asker.give(failure(error instanceof Error ? error : new Error(String(error))))
  }
}
