/** What the manager asks agents, over their control connections. */

import type { Letter, Message } from '@dialback/protocol'
import type { RemoteWorker } from './remote-worker.ts'

export type WorkerAnswer = Letter & { readonly type: 'recalled' | 'interrupted' }

export class WorkerQuestions {
  readonly #answers = new Map<number, (answer: WorkerAnswer) => void>()

  /** Asks `message`, whose id is `id`; undefined when the worker is lost before it answers. */
  ask(worker: RemoteWorker, id: number, message: Message): Promise<WorkerAnswer | undefined> {
    if (worker.exit !== undefined) return Promise.resolve(undefined)
    const { promise, resolve } = Promise.withResolvers<WorkerAnswer | undefined>()
    const answered = (answer?: WorkerAnswer): void => {
      this.#answers.delete(id)
      forget()
      resolve(answer)
    }
    const forget = worker.whenLost(() => answered())
    this.#answers.set(id, answered)
    worker.ask(message)
    return promise
  }

  /** Takes an answer; false when the message is none. */
  receive(message: Letter): boolean {
    if (message.type !== 'recalled' && message.type !== 'interrupted') return false
    this.#answers.get(message.id)?.(message)
    return true
  }
}
