/** Functions that were sent here, by content hash, those least recently used dropped when they are too much. */

import { bodyBytes, type EncodedBody } from '@dialback/protocol'
import type { AnyFunction } from './caller.ts'
import type { Carrier } from './carrier.ts'
import { copyOfBody } from './own-memory.ts'

export interface Definition {
  readonly fn: AnyFunction
  readonly bytes: number
  /** The longest that a call of it kept the thread lately, in ms. */
  slowestMs: number
  /** Makes another one of what was sent; absent where that is not kept. */
  readonly remake?: () => AnyFunction
  /** Whether calls may have changed what `fn` captured. */
  isTaken?: boolean
}

/** Between two calls the thread was kept as long as this at least. */
const firstSlowestMs = 2

/** @param isKept whether what was sent is kept beside what was made of it, whose memory it may share. */
export function makeDefinition(carrier: Carrier, body: EncodedBody, isKept: boolean): Definition {
  const bytes = bodyBytes(body)
  if (!isKept) return { fn: carrier.decodeFunction(body), bytes, slowestMs: firstSlowestMs }
  const sent = copyOfBody(body)
  const remake = (): AnyFunction => carrier.decodeFunction(copyOfBody(sent))
  return { fn: carrier.decodeFunction(body), bytes: 2 * bytes, slowestMs: firstSlowestMs, remake }
}

/** The function as it was sent, for whoever asks alone; the one that there is where what was sent is not kept. */
export function takeFunction(definition: Definition): AnyFunction {
  const { fn, remake, isTaken = false } = definition
  if (isTaken && remake !== undefined) return remake()
  definition.isTaken = true
  return fn
}

/** What cannot be made is a definition whose calls fail. */
export function orRejected(make: () => Definition): Definition | Promise<Definition> {
  try {
    return make()
  } catch (error) {
    return Promise.reject(error)
  }
}

const maxBytes = 256 * 1024 * 1024
const maxCount = 2_000

export class DefinitionStore {
  /** In the order of last use. A promise while modules that the function needs are loading, and of one that cannot be made. */
  readonly #definitions = new Map<string, Definition | Promise<Definition>>()
  readonly #ready = new WeakMap<Promise<Definition>, Definition>()
  /** Of those that cannot be made. */
  readonly #failed = new WeakSet<Promise<Definition>>()
  #bytes = 0
  /** The hash that is last in that order. */
  #latest: string | undefined

  set(hash: string, definition: Definition | Promise<Definition>): void {
    const former = this.#definitions.get(hash)
    if (former !== undefined && !(former instanceof Promise)) this.#bytes -= former.bytes
    this.#put(hash, definition)
    if (definition instanceof Promise) {
      definition.then(
        (ready) => {
          this.#ready.set(definition, ready)
          this.set(hash, ready)
        },
        // The calls that wait for it report why.
        () => {
          this.#failed.add(definition)
          this.#evict()
        },
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

  /** What a promise that was set has become by now. */
  ready(
    definition: Definition | Promise<Definition> | undefined,
  ): Definition | Promise<Definition> | undefined {
    return definition instanceof Promise ? (this.#ready.get(definition) ?? definition) : definition
  }

  #put(hash: string, definition: Definition | Promise<Definition>): void {
    this.#definitions.delete(hash)
    this.#definitions.set(hash, definition)
    this.#latest = hash
  }

  #evict(): void {
    for (const [hash, definition] of this.#definitions) {
      if (this.#bytes <= maxBytes && this.#definitions.size <= maxCount) return
      const isLoading = definition instanceof Promise && !this.#failed.has(definition)
      if (isLoading || hash === this.#latest) continue
      this.#definitions.delete(hash)
      if (!(definition instanceof Promise)) this.#bytes -= definition.bytes
    }
  }
}
