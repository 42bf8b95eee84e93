/**
 * What a function captured is, in each call and each `pmap`, as it was when that was made, whatever the function did to it
 * there before, or does meanwhile: who is sent a function keeps what was sent, to make it again of that.
 */

import { bodyBytes, type Call, type EncodedBody } from '@dialback/protocol'
import type { AnyFunction } from './caller.ts'
import { type Definition, takeFunction } from './definition-store.ts'

/** What is larger is sent again instead, for it would be in the memory of each worker twice. */
const maxKeptBytes = 32 * 1024 * 1024

/** Calls whose copy had to make room begin again with what was sent. */
const maxBytes = 64 * 1024 * 1024
const maxCount = 256

/** Whether the receiver keeps it. References to values are counted by how often they were sent, so those are sent again. */
export function isKept(body: EncodedBody, handles: readonly number[] | undefined): boolean {
  return handles === undefined && bodyBytes(body) <= maxKeptBytes
}

interface Copy {
  readonly hash: string
  readonly fn: AnyFunction
  readonly bytes: number
}

/** The copies of functions that several calls share, by the number that these have. */
export class FunctionCopies {
  /** In the order of last use. */
  readonly #copies = new Map<number, Copy>()
  #bytes = 0

  /** The function that a call is of; see `Call.copy`. */
  get({ fn: hash, copy }: Pick<Call, 'fn' | 'copy'>, definition: Definition): AnyFunction {
    if (copy === undefined) return definition.fn
    if (copy === 0) return takeFunction(definition)
    const held = this.#take(copy)
    // What another worker sends may have the number of somebody else's calls.
    const isSame = held?.hash === hash
    const used = isSame ? held : { hash, fn: takeFunction(definition), bytes: bytesOf(definition) }
    this.#copies.set(copy, used)
    this.#bytes += used.bytes
    this.#makeRoom()
    return used.fn
  }

  #take(copy: number): Copy | undefined {
    const held = this.#copies.get(copy)
    this.#copies.delete(copy)
    this.#bytes -= held?.bytes ?? 0
    return held
  }

  /** The one that was used last stays. */
  #makeRoom(): void {
    for (const copy of this.#copies.keys()) {
      const isRoom = this.#bytes <= maxBytes && this.#copies.size <= maxCount
      if (isRoom || this.#copies.size === 1) return
      this.#take(copy)
    }
  }
}

/** What was sent counts among those of the definition. */
function bytesOf({ bytes, remake }: Definition): number {
  return remake === undefined ? bytes : bytes / 2
}
