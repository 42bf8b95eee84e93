/** Futures and channels on the manager: those that it owns itself, and who in the cluster refers to any. */

import { type EncodedBody, type Letter, type Mailbox, rangeOf } from '@dialback/protocol'
import { type Carrier, Keeper, receiveForKeeper, releasedOf } from '@dialback/runtime'
import type { Membership } from './membership.ts'
import { ownRange, ReferenceLedger } from './reference-ledger.ts'
import type { WorkerConnection } from './remote-worker.ts'

export class Keeping {
  readonly keeper: Keeper
  readonly ledger: ReferenceLedger
  readonly #carrier: () => Carrier

  constructor(carrier: () => Carrier, membership: Membership) {
    this.#carrier = carrier
    this.ledger = new ReferenceLedger((owner, refs) => {
      if (owner === 1) this.keeper.free(refs)
      else membership.running(owner)?.control?.mailbox.post({ type: 'free', refs })
    })
    this.keeper = new Keeper(({ handles }) => {
      if (handles !== undefined) this.ledger.release(releasedOf(handles), ownRange)
    })
  }

  /** Takes what a worker asks of a future or channel of this process: true when it was that. */
  receive(message: Letter, body: EncodedBody, mailbox: Mailbox): boolean {
    return receiveForKeeper(this.keeper, { message, body, mailbox }, (value) =>
      this.#carrier().encodeContent(value),
    )
  }

  /** Forgets what came over a connection that is gone. */
  forget({ range }: WorkerConnection): void {
    this.keeper.forget((id) => rangeOf(id) === range)
  }
}
