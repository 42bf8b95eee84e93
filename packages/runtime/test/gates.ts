/** Items that end when the test says so. */

interface Gate {
  open(value: unknown): void
  fail(error: unknown): void
}

export class Gates<K = number> {
  readonly #gates = new Map<K, Gate>()

  /** What runs now, in the order in which it began. */
  get running(): K[] {
    return [...this.#gates.keys()]
  }

  /** The function under test: runs until its item's gate is opened. */
  readonly pass = (key: K): Promise<unknown> => {
    return new Promise((open, fail) => this.#gates.set(key, { open, fail }))
  }

  /** Ends an item with a value, by default the item. */
  open(key: K, value: unknown = key): void {
    this.#take(key).open(value)
  }

  fail(key: K, error: unknown): void {
    this.#take(key).fail(error)
  }

  #take(key: K): Gate {
    const gate = this.#gates.get(key)
    if (gate === undefined) throw new Error(`${String(key)} is not running`)
    this.#gates.delete(key)
    return gate
  }
}
