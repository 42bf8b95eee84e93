/** What the verbs (`pmap`, `remoteCall`, pools, …) need of the process that they run in. */

import type { Mailbox, WorkerTerminatedError } from '@dialback/protocol'
import type { Encoded } from './body-encoder.ts'

export type AnyFunction = (...args: never[]) => unknown

/** A function made ready to travel: what it captured is encoded once, however often and to whomever it is sent. */
export interface Shipment {
  readonly fn: AnyFunction
  /** Whether calls outside of a lane find what earlier ones left of what the function captured, as those of a lane do. */
  readonly isShared?: true
}

/**
 * What a call gives to its function: the arguments of one call, or many items that each make one call `fn(item, firstIndex + i)`
 * within one message; those run concurrently there and each settles by itself.
 * `encoded`: the arguments as they were when they were encoded, for calls that follow later.
 */
export type CallInput =
  | { readonly kind: 'args'; readonly args: readonly unknown[]; readonly encoded?: Encoded }
  | { readonly kind: 'batch'; readonly items: readonly unknown[]; readonly firstIndex: number }

/** What a call of kind `batch` resolves to; position `i` of `values` is undefined where `failures` has an entry `[i, error]`. */
export interface BatchOutcome {
  readonly values: readonly unknown[]
  readonly failures: readonly (readonly [position: number, error: Error])[]
}

export interface StartOptions {
  /** Calls of one lane run one after another on their worker; others run concurrently. */
  readonly lane?: string
  /** Keeps the value there under this reference; `result` resolves to undefined. */
  readonly keep?: number
  /** Wants no answer: `result` resolves at once. */
  readonly isSilent?: boolean
  /** Of a call that wants no answer: told why it never began, if that is found out elsewhere. */
  readonly onRefused?: (error: unknown) => void
  /** Makes calls behind it wait until it has settled. */
  readonly isBarrier?: boolean
  /** Which of the target's threads runs it, from 0. @default they take turns */
  readonly thread?: number
  /** The connection to use, of several to the target. */
  readonly mailbox?: Mailbox
}

export interface StartedCall {
  /** Settles once, never as an unhandled rejection: the value, `RemoteError`, `WorkerTerminatedError` or `SerializationError`. */
  readonly result: Promise<unknown>
  /** Takes the call back if it has not started: true, and its `result` never settles; false, and it goes on. Answers also while the worker is in a busy loop. */
  recall(): Promise<boolean>
  /** Stops the call: its `result` rejects with a `RemoteError` whose cause is `reason`; a function that never yields loses its thread. */
  cancel(reason: unknown): void
}

export interface Caller {
  /** The id of this process; 1 is the manager. */
  readonly id: number
  /** Live workers, sorted, without the manager; empty when there are none. */
  workers(): readonly number[]
  /** How many threads of a worker calls can be given to. @default 1 */
  threadsOf?(id: number): number
  /** How the worker ended, when it is known to have; undefined for live ones. @throws {RangeError} naming an id that never was. */
  lossOf(id: number): WorkerTerminatedError | undefined
  /** Calls back after each change of `workers()`; the result ends that. */
  onMembershipChange(listener: () => void): () => void
  /** Makes `fn` ready to travel. @throws {SerializationError} when it cannot; nothing was sent. */
  ship(fn: AnyFunction): Shipment
  /** Starts a call; `target` = own id runs it here with the same objects. Calls to one target start in order. */
  start(shipment: Shipment, target: number, input: CallInput, options?: StartOptions): StartedCall
}
