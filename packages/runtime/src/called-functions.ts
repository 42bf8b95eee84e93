/** Which functions were called at the far end of a connection since they were made ready to travel. */

import type { Mailbox } from '@dialback/protocol'
import type { PreparedFunction } from './carrier.ts'
import { isKept } from './fresh-functions.ts'
import type { PendingCall } from './pending-calls.ts'
import type { SentThings } from './sent-things.ts'

export class CalledFunctions {
  readonly #sent: SentThings
  readonly #called = new WeakMap<PreparedFunction, Map<Mailbox, Set<number>>>()

  constructor(sent: SentThings) {
    this.#sent = sent
  }

  /**
   * Has the first call of a function begin with what it captured as that is sent now, in a process that has the function from
   * before and may have changed it: gives the field of the call that says so, or has the function sent again. Those of one
   * `pmap` are of one preparation, and go on with what the ones before left.
   */
  freshness(prepared: PreparedFunction, mailbox: Mailbox, to: number): { isFresh?: true } {
    const { hash, body, handles, isStateful } = prepared
    if (!isStateful || !this.#isFirst(prepared, mailbox, to)) return {}
    if (!this.#sent.has('function', mailbox, to, hash)) return {}
    if (isKept(body, handles)) return { isFresh: true }
    this.#sent.drop('function', mailbox, to, hash)
    return {}
  }

  /** The call never began. */
  takenBack({ call, prepared, mailbox, target }: PendingCall): void {
    if (prepared === undefined || mailbox === undefined || call.type !== 'call') return
    if (call.isFresh === true) this.#called.get(prepared)?.get(mailbox)?.delete(target)
  }

  #isFirst(prepared: PreparedFunction, mailbox: Mailbox, to: number): boolean {
    const connections = this.#called.get(prepared) ?? new Map<Mailbox, Set<number>>()
    const processes = connections.get(mailbox) ?? new Set<number>()
    if (processes.has(to)) return false
    this.#called.set(prepared, connections.set(mailbox, processes.add(to)))
    return true
  }
}
