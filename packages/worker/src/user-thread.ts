/** The main thread's hold on one thread that runs user code. */

import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { RunningMark } from '@dialback/runtime'
import { answersInTime, threadUse } from './stuck-thread.ts'
import type { FromThread, ThreadSetup, ToThread } from './thread-messages.ts'

export interface UserThreadEvents {
  message(message: FromThread): void
  /** The thread ended by itself: `process.exit(code)` in user code, or an error that nothing caught. */
  ended(code: number, error: unknown): void
}

export class UserThread {
  readonly index: number
  readonly generation: number
  readonly #worker: Worker
  readonly #mark: RunningMark
  readonly #ready = Promise.withResolvers<void>()
  /** The system's number of the thread. */
  #threadId: number | undefined
  #isReady = false
  #isTerminated = false
  #isDrained = false
  #interrupts = new Map<number, () => void>()

  constructor(setup: ThreadSetup, entry: URL, events: UserThreadEvents) {
    this.index = setup.index
    this.generation = setup.generation
    this.#mark = new RunningMark(setup.mark)
    this.#worker = new Worker(entry, { workerData: setup, stdin: false })
    let failure: unknown
    this.#worker.on('message', (message: FromThread) => {
      if (message.type === 'interrupted') this.#interrupts.get(message.id)?.()
      else if (message.type === 'ready') this.#onReady(message.threadId)
      else events.message(message)
    })
    this.#worker.on('error', (error) => {
      failure = error
    })
    this.#worker.on('exit', (code) => {
      this.#ready.resolve()
      if (!this.#isTerminated) events.ended(code, failure)
    })
  }

  /**
   * Asks the thread to abort what runs; false when it must be replaced, because its code does not yield. It need not be
   * for the sake of one call while it is another one that keeps it busy: that call has not started, or waits.
   */
  async interrupt(id: number, call: number | undefined, graceMs: number): Promise<boolean> {
    // It may not have read the call yet; once that has begun it could read nothing more, the cancellation included.
    if (call !== undefined) this.#mark.withdraw(call)
    if (!this.#isReady) {
      // What was sent to it has yet to arrive, so that it could not tell what to abort.
      if (call === undefined) return false
      await this.#ready.promise
      await delay(graceMs)
    }
    const { promise, resolve } = Promise.withResolvers<true>()
    this.#interrupts.set(id, () => resolve(true))
    this.#post({ type: 'interrupt', id, ...(call !== undefined && { call }) })
    const hasAnswered = await answersInTime(promise, { graceMs, use: () => threadUse(this.#threadId) })
    this.#interrupts.delete(id)
    return hasAnswered || (call !== undefined && !this.#mark.mayBeBusyWith(call))
  }

  /** Which calls began in the thread; see `RunningMark`. */
  get begun(): { readonly begun: readonly number[]; readonly highest: readonly number[] } {
    return { begun: this.#mark.begun, highest: this.#mark.highest }
  }

  /** Whether all that ran when it was drained has ended. */
  get isDrained(): boolean {
    return this.#isDrained
  }

  /** Resolves when nothing runs in the thread. */
  async drain(): Promise<void> {
    const idle = new Promise<void>((resolve) => {
      this.#worker.on('message', (message: FromThread) => {
        if (message.type === 'idle') resolve()
      })
    })
    this.#post({ type: 'drain' })
    await Promise.race([idle, once(this.#worker, 'exit')])
    this.#isDrained = true
  }

  /** Tells that what a thread put itself, by the message with this id, is not kept any more. */
  left(putId: number): void {
    this.#post({ type: 'left', id: putId })
  }

  async terminate(): Promise<void> {
    this.#isTerminated = true
    await this.#worker.terminate()
  }

  #onReady(threadId: number | undefined): void {
    this.#threadId = threadId
    this.#isReady = true
    this.#ready.resolve()
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message)
  }
}
