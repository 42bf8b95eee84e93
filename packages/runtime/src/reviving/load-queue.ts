/** Keeps loads of modules apart that must not meet: a `require` of an ECMAScript module fails while that is being imported. */

/** A module that is loaded is there in a few ms, but one may wait at its top level for the very call that needs another one. */
const maxWaitMs = 1_000

interface Load {
  readonly done: Promise<void>
  readonly isDelicate: boolean
}

export class LoadQueue {
  readonly #running = new Set<Load>()

  /** Loads now, or after those that run if this one or they are delicate: have a `require` of an ECMAScript module. */
  async run(load: () => Promise<void>, isDelicate: boolean): Promise<void> {
    const others = [...this.#running].filter((other) => isDelicate || other.isDelicate)
    const done =
      others.length === 0
        ? load()
        : settledInTime(others.map((other) => other.done)).then(async () => await load())
    const entry = { done, isDelicate }
    this.#running.add(entry)
    try {
      await done
    } finally {
      this.#running.delete(entry)
    }
  }
}

async function settledInTime(loads: readonly Promise<void>[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, maxWaitMs)
  await Promise.race([Promise.allSettled(loads), promise])
  clearTimeout(timer)
}
