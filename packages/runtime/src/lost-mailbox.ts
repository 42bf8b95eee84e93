/** Settles what was sent over a connection whose thread is gone. */

import type { Mailbox } from '@dialback/protocol'
import type { PendingCall, PendingCalls } from './pending-calls.ts'

export interface LostMailbox {
  /** What a call rejects with. */
  readonly error: (pending: PendingCall) => Error
  /** Where a call that never began goes instead; undefined where it may have. */
  readonly successorFor: (pending: PendingCall) => Mailbox | undefined
}

export function settleLost(
  calls: PendingCalls,
  mailbox: Mailbox,
  { error, successorFor, send }: LostMailbox & { readonly send: (pending: PendingCall) => void },
): void {
  for (const pending of calls.ofMailbox(mailbox)) {
    const successor = successorFor(pending)
    if (successor === undefined) {
      calls.settle(pending, () => Promise.reject(error(pending)))
      continue
    }
    pending.mailbox = successor
    send(pending)
  }
}
