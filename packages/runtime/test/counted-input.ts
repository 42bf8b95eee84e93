/** Inputs that tell how far they were read and how they ended. */

export class CountedInput {
  pulled = 0
  /** How often `return()` was called. */
  closed = 0
  readonly #length: number

  constructor(length: number = Number.POSITIVE_INFINITY) {
    this.#length = length
  }

  sync(): Iterable<number> {
    return {
      [Symbol.iterator]: () => ({
        next: () => this.#next(),
        return: () => {
          this.closed++
          return { done: true, value: undefined }
        },
      }),
    }
  }

  async(): AsyncIterable<number> {
    return {
      [Symbol.asyncIterator]: () => ({
        next: async () => this.#next(),
        return: async () => {
          this.closed++
          return { done: true, value: undefined }
        },
      }),
    }
  }

  #next(): IteratorResult<number, undefined> {
    if (this.pulled >= this.#length) return { done: true, value: undefined }
    return { done: false, value: this.pulled++ }
  }
}
