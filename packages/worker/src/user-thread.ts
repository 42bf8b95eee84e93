/** The main thread's hold on one thread that runs user code. */

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
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
  #isTerminated = false
  #interrupts = new Map<number, () => void>()

  constructor(setup: ThreadSetup, entry: URL, events: UserThreadEvents) {
    this.index = setup.index
    this.generation = setup.generation
    this.#worker = new Worker(entry, { workerData: setup, stdin: false })
    let failure: unknown
    this.#worker.on('message', (message: FromThread) => {
      if (message.type === 'interrupted') this.#interrupts.get(message.id)?.()
      else events.message(message)
    })
    this.#worker.on('error', (error) => {
      failure = error
    })
    this.#worker.on('exit', (code) => {
      if (!this.#isTerminated) events.ended(code, failure)
    })
  }

  /** Asks the thread to abort what runs; false when it did not answer in time, because its code never yields. */
  async interrupt(id: number, call: number | undefined, graceMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.#interrupts.set(id, () => resolve(true))
    const timer = setTimeout(() => resolve(false), graceMs)
    this.#post({ type: 'interrupt', id, ...(call !== undefined && { call }) })
    const hasAnswered = await promise
    clearTimeout(timer)
    this.#interrupts.delete(id)
    return hasAnswered
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
  }

  async terminate(): Promise<void> {
    this.#isTerminated = true
    await this.#worker.terminate()
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message)
  }
}
