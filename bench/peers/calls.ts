/** The least that two processes need to call each other: a map of pending calls here, a function by name there. */

import { type FunctionName, functions } from '../functions.ts'

export interface CallMessage {
  readonly id: number
  readonly name: FunctionName
  readonly argument: unknown
}

export type AnswerMessage =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string }

export class PendingCalls {
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #lastId = 0

  /** Registers a call and hands its message to `send`. */
  call(name: FunctionName, argument: unknown, send: (message: CallMessage) => void): Promise<unknown> {
    const id = ++this.#lastId
    const pending = Promise.withResolvers<unknown>()
    this.#waiting.set(id, pending)
    send({ id, name, argument })
    return pending.promise
  }

  settle(answer: AnswerMessage): void {
    const pending = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ('error' in answer) pending?.reject(new Error(answer.error))
    else pending?.resolve(answer.value)
  }

  rejectAll(reason: string): void {
    for (const pending of this.#waiting.values()) pending.reject(new Error(reason))
    this.#waiting.clear()
  }
}

/** Runs a call and replies once, in the same tick where the function is not async. */
export function answer({ id, name, argument }: CallMessage, reply: (message: AnswerMessage) => void): void {
  const fail = (error: unknown): void => reply({ id, error: String(error) })
  try {
    const value = functions[name](argument as never)
    if (value instanceof Promise) value.then((settled: unknown) => reply({ id, value: settled }), fail)
    else reply({ id, value })
  } catch (error) {
    fail(error)
  }
}
