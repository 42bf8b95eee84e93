/** Calls, and questions about futures and channels, that wait for their answer. */

import type { Call, EncodedBody, Letter, Mailbox } from '@dialback/protocol'
import type { StartedCall } from './caller.ts'
import type { PreparedFunction } from './carrier.ts'
import type { KeeperQuestion } from './keeping/keeper.ts'
import type { ModuleFile } from './shipping/shell.ts'

export interface PendingCall {
  readonly call: Call | { readonly type: KeeperQuestion['type']; readonly id: number }
  readonly target: number
  /** Absent when this very process is asked. */
  mailbox?: Mailbox
  readonly isBatch: boolean
  /** Of a call: kept until it is answered, should the other side have forgotten the function. */
  readonly prepared?: PreparedFunction
  readonly body?: EncodedBody
  /** Of functions among the arguments. */
  readonly modules?: readonly ModuleFile[]
  /** Of one that wants no answer: told why it never began. */
  readonly onRefused?: ((error: unknown) => void) | undefined
  /** How often the other side has asked for what it is of again. */
  resends?: number
  settle: { resolve(value: unknown): void; reject(error: unknown): void } | undefined
}

export interface PendingEvents {
  /** The first call begins to wait (true), or the last one was answered (false). */
  holdOpen(isHeld: boolean): void
  unclaim?(call: PendingCall): void
}

export class PendingCalls {
  readonly #byId = new Map<number, PendingCall>()
  /** Calls that want no answer, until they have started: the other side may still ask for their function. */
  readonly #silent = new Map<number, PendingCall>()
  readonly #events: PendingEvents

  constructor(events: PendingEvents) {
    this.#events = events
  }

  /** How many wait for an answer. */
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

  /** Keeps a call that wants no answer until it has started. Nothing waits for it, so it holds nothing open. */
  addSilent(pending: PendingCall): StartedCall {
    this.#silent.set(pending.call.id, pending)
    return { result: Promise.resolve(), recall: () => Promise.resolve(false), cancel: ignore }
  }

  get(id: number): PendingCall | undefined {
    return this.#byId.get(id) ?? this.#silent.get(id)
  }

  /** Whether a message is an answer that is late, or from somebody who was not asked. */
  isStray(message: Letter, mailbox: Mailbox): boolean {
    const { type } = message
    const isAnswer = type === 'result' || type === 'error' || type === 'state' || type === 'unknown'
    return isAnswer && this.get(message.id)?.mailbox !== mailbox
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
    this.#silent.delete(pending.call.id)
    if (!this.#byId.delete(pending.call.id)) return false
    if (pending.call.type === 'call' && pending.call.claim !== undefined) this.#events.unclaim?.(pending)
    if (this.#byId.size === 0) this.#events.holdOpen(false)
    return true
  }

  ofTarget(target: number): PendingCall[] {
    return this.#all().filter((pending) => pending.target === target)
  }

  ofMailbox(mailbox: Mailbox): PendingCall[] {
    return this.#all().filter((pending) => pending.mailbox === mailbox)
  }

  /** In the order in which they were made: those that never began are made again so. */
  #all(): PendingCall[] {
    return [...this.#byId.values(), ...this.#silent.values()].toSorted((a, b) => a.call.id - b.call.id)
  }
}

function ignore(): void {}
