/** Knows why a thread is replaced: all that runs there was interrupted, or one call there was cancelled. */

import { AbortError, ThreadReplacedError } from '@dialback/protocol'
import type { WorkerConnection } from './remote-worker.ts'

/** What an interrupted thread is given to yield before it is replaced, in ms of computing. */
const interruptGraceMs = 250
/**
 * For one call there is no such hurry: its caller has its answer, and what else runs there, if only slowly, is lost with
 * the thread.
 */
const cancelGraceMs = 1_000

/** `call`: only that one is to end. */
export function graceFor(call: number | undefined): number {
  return call === undefined ? interruptGraceMs : cancelGraceMs
}

export class ThreadInterrupts {
  /** Threads all of whose calls are being interrupted. */
  readonly #interrupted = new WeakSet<WorkerConnection>()

  /** Notes what is asked of a thread; `call`: only that one is to end. Resolves to whether the thread is replaced. */
  async note(thread: WorkerConnection, call: number | undefined, asked: Promise<boolean>): Promise<boolean> {
    if (call === undefined) this.#interrupted.add(thread)
    const isReplaced = await asked
    if (call === undefined && !isReplaced) this.#interrupted.delete(thread)
    return isReplaced
  }

  /** What calls of a thread that was replaced reject with. */
  reasonFor(thread: WorkerConnection): Error {
    if (this.#interrupted.has(thread)) return new AbortError('Interrupted')
    return new ThreadReplacedError(
      'The thread was replaced, because another call there was cancelled and did not yield',
    )
  }
}
