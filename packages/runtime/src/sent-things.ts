/** Which definitions and modules each process at the far end of a connection has. */

import type { Mailbox } from '@dialback/protocol'

export class SentThings {
  /** By connection, then by process: asked with every call, which must not make a new string. */
  readonly #sent = new WeakMap<Mailbox, Map<number, Set<string>>>()

  /** True the first time that `hash` is sent over a connection to a process, which is then taken to have it. */
  isNew(mailbox: Mailbox, to: number, hash: string): boolean {
    if (this.#sent.get(mailbox)?.get(to)?.has(hash) === true) return false
    const processes = this.#sent.get(mailbox) ?? new Map<number, Set<string>>()
    this.#sent.set(mailbox, processes)
    const sent = processes.get(to) ?? new Set()
    processes.set(to, sent.add(hash))
    return true
  }

  /** Takes a process to have nothing any more. */
  forget(mailbox: Mailbox): void {
    this.#sent.delete(mailbox)
  }
}
