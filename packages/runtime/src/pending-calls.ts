/** Calls and fetches that wait for their answer. */

import type { Call, EncodedBody, Mailbox } from '@dialback/protocol'
import type { PreparedFunction } from './carrier.ts'

export interface PendingCall {
  readonly call: Call | { readonly type: 'fetch'; readonly id: number }
  readonly target: number
  readonly mailbox: Mailbox
  readonly isBatch: boolean
  /** Of a call: kept until it is answered, should the other side have forgotten the function. */
  readonly prepared?: PreparedFunction
  readonly body?: EncodedBody
  settle: { resolve(value: unknown): void; reject(error: unknown): void } | undefined
}

export interface PendingEvents {
  /** The first call begins to wait (true), or the last one was answered (false). */
  holdOpen(isHeld: boolean): void
  unclaim?(call: PendingCall): void
}

export class PendingCalls {
  readonly #byId = new Map<number, PendingCall>()
  readonly #events: PendingEvents

  constructor(events: PendingEvents) {
    this.#events = events
  }

  get size(): number {
    return this.#byId.size
  }

  /** The result never becomes an unhandled rejection. */
  add(pending: PendingCall): Promise<unknown> {
    const promise = new Promise((resolve, reject) => {
      pending.settle = { resolve, reject }
    })
    promise.catch(ignore)
    this.#byId.set(pending.call.id, pending)
    if (this.#byId.size === 1) this.#events.holdOpen(true)
    return promise
  }

  get(id: number): PendingCall | undefined {
    return this.#byId.get(id)
  }

  /** Settles with what `read` gives or throws; later answers find nothing. */
  settle(pending: PendingCall, read: () => unknown): void {
    if (!this.forget(pending)) return
    try {
      pending.settle?.resolve(read())
    } catch (error) {
      pending.settle?.reject(error)
    }
  }

  /** Leaves the call unsettled for good: it was taken back. */
  forget(pending: PendingCall): boolean {
    if (!this.#byId.delete(pending.call.id)) return false
    if (pending.call.type === 'call' && pending.call.claim !== undefined) this.#events.unclaim?.(pending)
    if (this.#byId.size === 0) this.#events.holdOpen(false)
    return true
  }

  ofTarget(target: number): PendingCall[] {
    return [...this.#byId.values()].filter((pending) => pending.target === target)
  }

  ofMailbox(mailbox: Mailbox): PendingCall[] {
    return [...this.#byId.values()].filter((pending) => pending.mailbox === mailbox)
  }
}

function ignore(): void {}
