/** Functions that were sent here, by content hash, those least recently used dropped when they are too much. */

import type { AnyFunction } from './caller.ts'

export interface Definition {
  readonly fn: AnyFunction
  readonly bytes: number
  /** The longest that a call of it kept the thread lately, in ms. */
  slowestMs: number
}

const maxBytes = 256 * 1024 * 1024
const maxCount = 2_000

export class DefinitionStore {
  /** In the order of last use. A promise while modules that the function needs are loading. */
  readonly #definitions = new Map<string, Definition | Promise<Definition>>()
  #bytes = 0
  /** The hash that is last in that order. */
  #latest: string | undefined

  set(hash: string, definition: Definition | Promise<Definition>): void {
    const former = this.#definitions.get(hash)
    if (former !== undefined && !(former instanceof Promise)) this.#bytes -= former.bytes
    this.#put(hash, definition)
    if (definition instanceof Promise) {
      definition.then(
        (ready) => this.set(hash, ready),
        // The calls that wait for it report why.
        () => {},
      )
      return
    }
    this.#bytes += definition.bytes
    this.#evict()
  }

  get(hash: string): Definition | Promise<Definition> | undefined {
    const definition = this.#definitions.get(hash)
    if (definition !== undefined && hash !== this.#latest) this.#put(hash, definition)
    return definition
  }

  #put(hash: string, definition: Definition | Promise<Definition>): void {
    this.#definitions.delete(hash)
    this.#definitions.set(hash, definition)
    this.#latest = hash
  }

  #evict(): void {
    for (const [hash, definition] of this.#definitions) {
      if (this.#bytes <= maxBytes && this.#definitions.size <= maxCount) return
      if (definition instanceof Promise || this.#definitions.size === 1) continue
      this.#definitions.delete(hash)
      this.#bytes -= definition.bytes
    }
  }
}
