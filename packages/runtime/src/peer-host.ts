/** The seam between a peer and the process that it is in. */

import type { Call, Mailbox, WorkerTerminatedError } from '@dialback/protocol'
import type { Content } from './keeping/content.ts'
import type { Keeper } from './keeping/keeper.ts'
import type { PendingCall } from './pending-calls.ts'

/** What a process has that a peer needs: connections, membership, and a place for values. */
export interface PeerHost {
  readonly id: number
  /** The next of the ids that only this process gives. */
  nextId(): number
  /**
   * The connection by which messages to `target` leave; `thread`: to that one, where there are several.
   *
   * @throws the loss of a worker that is gone, or a RangeError.
   */
  mailboxTo(target: number, thread?: number): Mailbox
  /** How many threads of a worker this process can tell apart. @default 1 */
  threadsOf?(id: number): number
  /** The connection to where `target` keeps values: not the one to a thread, which may be busy. @throws as `mailboxTo`. */
  keeperOf(target: number): Mailbox
  workers(): readonly number[]
  lossOf(id: number): WorkerTerminatedError | undefined
  onMembershipChange(listener: () => void): () => void
  /** Keeps the value of a call that ran here. */
  keep(ref: number, content: Content): void
  /** What keeps values for this process, where that is in the thread that runs user code. */
  readonly keeper?: Keeper
  /** Counts this process as holding references: `[owner, ref, …]`. Where there is a `keeper`; else the manager does. */
  hold?(handles: readonly number[]): void
  /** So many counts of references have ended: `[ref, count, …]`. */
  release(refs: readonly number[]): void
  /** Gives a call a claim, so that it can be taken back; undefined when it cannot. */
  claim?(mailbox: Mailbox): Call['claim']
  takeBack?(call: PendingCall): Promise<boolean>
  /** A call with a claim was answered or taken back. */
  unclaim?(call: PendingCall): void
  /** Told besides the `cancel` message, which a thread in a busy loop does not read. */
  cancelled?(call: PendingCall): void
  /** Calls are waiting for answers (true) or none is any more. */
  holdOpen(isHeld: boolean): void
  print(text: string): void
  /** Tells the user something that is no error. */
  warn?(text: string): void
}
