/** What `everywhere` ran, in order, for workers that join later and threads that are replaced. */

import type { Mailbox } from '@dialback/protocol'
import type { Caller, CallInput, Shipment } from '@dialback/runtime'

export interface EverywhereEntry {
  /** The globals that it defines; undefined when it runs a function. */
  readonly defines?: readonly string[]
  readonly shipment: Shipment
  readonly input: CallInput
}

export class EverywhereLog {
  readonly #entries: EverywhereEntry[] = []

  /**
   * Adds what is to be replayed last. Definitions that it replaces are dropped, unless a function ran after them, which
   * may have used them: a global that is defined again and again does not make the log grow.
   */
  add(entry: EverywhereEntry): void {
    const names = new Set(entry.defines)
    for (let at = this.#entries.length - 1; at >= 0 && names.size > 0; at--) {
      const defines = this.#entries[at]?.defines
      if (defines === undefined) break
      if (defines.every((name) => names.has(name))) this.#entries.splice(at, 1)
    }
    this.#entries.push(entry)
  }

  /** Runs all of it over a connection, each after the one before and all before any later call. */
  replay(to: ReplayTarget): void {
    for (const entry of this.#entries) this.replayOne(entry, to)
  }

  /** Runs what was added after the rest was replayed there. */
  replayOne({ shipment, input }: EverywhereEntry, { caller, workerId, mailbox, failed }: ReplayTarget): void {
    caller.start(shipment, workerId, input, { mailbox, isBarrier: true }).result.catch(failed)
  }
}

export interface ReplayTarget {
  readonly caller: Caller
  readonly workerId: number
  readonly mailbox: Mailbox
  readonly failed: (error: unknown) => void
}
