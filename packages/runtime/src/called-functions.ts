/** Which calls find what earlier ones left of what their function captured: those of one `pmap`, or of one `CachingPool`. */

import type { Mailbox } from '@dialback/protocol'
import type { PreparedFunction } from './carrier.ts'
import { isKept } from './function-copies.ts'
import type { SentThings } from './sent-things.ts'

export class CalledFunctions {
  readonly #sent: SentThings
  /** The id of the first call of each. */
  readonly #numbers = new WeakMap<PreparedFunction, number>()
  /** Of those that are not kept where they are sent: where they were. */
  readonly #called = new WeakMap<PreparedFunction, WeakMap<Mailbox, Set<number>>>()

  constructor(sent: SentThings) {
    this.#sent = sent
  }

  /**
   * The field of a call that says whose changes it finds. What is not kept at the far end is sent again for the first call of each
   * preparation.
   */
  copyOf(
    prepared: PreparedFunction,
    { id, to, isShared }: { readonly id: number; readonly to: number; readonly isShared: boolean },
    mailbox: Mailbox,
  ): { copy?: number } {
    const { hash, body, handles, isStateful } = prepared
    if (!isStateful) return {}
    if (!isKept(body, handles) && this.#isFirst(prepared, mailbox, to))
      this.#sent.drop('function', mailbox, to, hash)
    return { copy: isShared ? this.#numberOf(prepared, id) : 0 }
  }

  #numberOf(prepared: PreparedFunction, id: number): number {
    const number = this.#numbers.get(prepared) ?? id
    this.#numbers.set(prepared, number)
    return number
  }

  #isFirst(prepared: PreparedFunction, mailbox: Mailbox, to: number): boolean {
    const connections = this.#called.get(prepared) ?? new WeakMap<Mailbox, Set<number>>()
    const processes = connections.get(mailbox) ?? new Set<number>()
    if (processes.has(to)) return false
    this.#called.set(prepared, connections.set(mailbox, processes.add(to)))
    return true
  }
}
