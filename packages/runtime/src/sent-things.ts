/** Which definitions and modules each process at the far end of a connection has. */

import type { Mailbox } from '@dialback/protocol'

export class SentThings {
  readonly #sent = new WeakMap<Mailbox, Set<string>>()

  /** True the first time that `hash` is sent over a connection to a process, which is then taken to have it. */
  isNew(mailbox: Mailbox, to: number, hash: string): boolean {
    const sent = this.#sent.get(mailbox) ?? new Set()
    this.#sent.set(mailbox, sent)
    const key = `${to} ${hash}`
    if (sent.has(key)) return false
    sent.add(key)
    return true
  }

  /** Takes a process to have nothing any more. */
  forget(mailbox: Mailbox): void {
    this.#sent.delete(mailbox)
  }
}
