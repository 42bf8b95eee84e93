/** What `everywhere` ran, in order, for workers that join later and threads that are replaced. */

import type { Mailbox } from '@dialback/protocol'
import type { Caller, CallInput, Shipment } from '@dialback/runtime'

export interface EverywhereEntry {
  readonly shipment: Shipment
  readonly input: CallInput
}

export class EverywhereLog {
  readonly #entries: EverywhereEntry[] = []

  add(entry: EverywhereEntry): void {
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
