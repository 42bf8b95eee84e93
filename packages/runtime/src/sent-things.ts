/** Which definitions and modules each process at the far end of a connection has. */

import type { Mailbox } from '@dialback/protocol'

/**
 * What is remembered of one process, and of how many processes over one connection: what was sent before that is sent
 * once more when it is needed again, which the other side takes for the same.
 */
const maxThings = 10_000
const maxProcesses = 1_000

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
    const [oldest] = sent.size > maxThings ? sent : []
    if (oldest !== undefined) sent.delete(oldest)
    const [eldest] = processes.size > maxProcesses ? processes.keys() : []
    if (eldest !== undefined) processes.delete(eldest)
    return true
  }

  /** Takes a process to have nothing any more. */
  forget(mailbox: Mailbox): void {
    this.#sent.delete(mailbox)
  }
}
