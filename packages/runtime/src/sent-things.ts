/** Which definitions and modules each process at the far end of a connection has. */

import type { Mailbox } from '@dialback/protocol'

/**
 * Of so many it is remembered that a process has them. What was sent before those is sent once more when it is needed again,
 * which the other side takes for the same. Functions are many where each captured something of its own, and the name of
 * each is a string: of ten thousand, every worker would take a MB here. Of modules there are as many as the program has,
 * which it may need all at once, and their names are there anyway.
 */
const mostRemembered = { function: 1_000, module: 10_000 } as const
/** Over one connection. */
const maxProcesses = 1_000

type Kind = keyof typeof mostRemembered

export class SentThings {
  /** By connection, then by process: asked with every call, which must not make a new string. */
  readonly #sent: Readonly<Record<Kind, WeakMap<Mailbox, Map<number, Set<string>>>>> = {
    function: new WeakMap(),
    module: new WeakMap(),
  }

  /** True the first time that `hash` is sent over a connection to a process, which is then taken to have it. */
  isNew(kind: Kind, mailbox: Mailbox, to: number, hash: string): boolean {
    const connections = this.#sent[kind]
    if (connections.get(mailbox)?.get(to)?.has(hash) === true) return false
    const processes = connections.get(mailbox) ?? new Map<number, Set<string>>()
    connections.set(mailbox, processes)
    const sent = processes.get(to) ?? new Set()
    processes.set(to, sent.add(hash))
    const [oldest] = sent.size > mostRemembered[kind] ? sent : []
    if (oldest !== undefined) sent.delete(oldest)
    const [eldest] = processes.size > maxProcesses ? processes.keys() : []
    if (eldest !== undefined) processes.delete(eldest)
    return true
  }

  /** Has `hash` sent once more. */
  drop(kind: Kind, mailbox: Mailbox, to: number, hash: string): void {
    this.#sent[kind].get(mailbox)?.get(to)?.delete(hash)
  }

  /** Takes a process to have nothing any more. */
  forget(mailbox: Mailbox): void {
    for (const connections of Object.values(this.#sent)) connections.delete(mailbox)
  }
}
