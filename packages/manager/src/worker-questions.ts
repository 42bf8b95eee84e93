/** What the manager asks agents, over their control connections, and awaits yes or no to. */

import type { Letter, Message } from '@dialback/protocol'
import type { RemoteWorker } from './remote-worker.ts'

export class WorkerQuestions {
  readonly #answers = new Map<number, (answer: boolean) => void>()

  /** Asks `message`, whose id is `id`; false when the worker is lost before it answers. */
  ask(worker: RemoteWorker, id: number, message: Message): Promise<boolean> {
    if (worker.exit !== undefined) return Promise.resolve(false)
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const answered = (answer: boolean): void => {
      this.#answers.delete(id)
      forget()
      resolve(answer)
    }
    const forget = worker.whenLost(() => answered(false))
    this.#answers.set(id, answered)
    worker.ask(message)
    return promise
  }

  /** Takes an answer; false when the message is none. */
  receive(message: Letter): boolean {
    if (message.type === 'recalled') this.#answers.get(message.id)?.(message.isTaken)
    else if (message.type === 'interrupted') this.#answers.get(message.id)?.(message.isReplaced)
    else return false
    return true
  }
}
