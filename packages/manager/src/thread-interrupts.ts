/** Knows why a thread is replaced: all that runs there was interrupted, or one call there was cancelled. */

import { AbortError, rangeOf, ThreadReplacedError } from '@dialback/protocol'
import { rememberedCalls } from '@dialback/runtime'
import type { WorkerConnection } from './remote-worker.ts'
import type { WorkerAnswer } from './worker-questions.ts'

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

interface Begun {
  /** The latest, all of them while they are few. */
  readonly latest: readonly number[]
  /** Of all, the highest id by range modulo the length; empty where the worker does not say. */
  readonly highest: readonly number[]
}

export class ThreadInterrupts {
  /** Threads all of whose calls are being interrupted. */
  readonly #interrupted = new WeakSet<WorkerConnection>()

  /** Of threads that were replaced for the sake of one call: which calls began there. */
  readonly #begun = new WeakMap<WorkerConnection, Begun>()

  /** Notes what is asked of a thread; `call`: only that one is to end. Resolves to whether the thread is replaced. */
  async note(
    thread: WorkerConnection,
    call: number | undefined,
    asked: Promise<WorkerAnswer | undefined>,
  ): Promise<boolean> {
    if (call === undefined) this.#interrupted.add(thread)
    const answer = await asked
    const isReplaced = answer?.type === 'interrupted' && answer.isReplaced
    if (call === undefined && !isReplaced) this.#interrupted.delete(thread)
    if (isReplaced && answer.begun !== undefined)
      this.#begun.set(thread, { latest: answer.begun, highest: answer.highest ?? [] })
    return isReplaced
  }

  /** Whether a call that was sent to a thread never began there, and nobody wanted it to end. */
  neverBegan(thread: WorkerConnection, call: number): boolean {
    const begun = this.#begun.get(thread)
    if (begun === undefined || this.#interrupted.has(thread) || begun.latest.includes(call)) return false
    if (begun.latest.length < rememberedCalls) return true
    // Of calls that were overtaken it cannot be told, but one above all that began is not among them.
    const highest = begun.highest[rangeOf(call) % begun.highest.length]
    return highest !== undefined && highest < call
  }

  /** What calls of a thread that was replaced reject with. */
  reasonFor(thread: WorkerConnection): Error {
    if (this.#interrupted.has(thread)) return new AbortError('Interrupted')
    return new ThreadReplacedError(
      'The thread was replaced, because another call there was cancelled and did not yield',
    )
  }
}
