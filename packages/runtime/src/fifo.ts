/** A queue that gives its first element in constant time, however long it is. */
export class Fifo<T> {
  #elements: (T | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#elements.length - this.#head
  }

  push(element: T): void {
    this.#elements.push(element)
  }

  /** The first element, which stays. */
  peek(): T | undefined {
    return this.#elements[this.#head]
  }

  shift(): T | undefined {
    const element = this.#elements[this.#head]
    if (this.#head < this.#elements.length) this.#elements[this.#head++] = undefined
    // Moving what is left costs at most as much as the shifts since the last time.
    if (this.#head > 32 && this.#head * 2 > this.#elements.length) {
      this.#elements = this.#elements.slice(this.#head)
      this.#head = 0
    }
    return element
  }
}
