/** Keeps the order of what one sender posted: a message that is whole waits for those before it whose bodies are under way. */

import type { EncodedBody } from './body.ts'
import type { Header } from './message.ts'

interface Place {
  readonly message: Header
  /** Undefined while it is under way. */
  body: EncodedBody | undefined
}

/** Messages without a range keep no order: each is delivered as soon as it is whole. */
export class DeliveryOrder {
  readonly #deliver: (message: Header, body: EncodedBody) => void
  /** By range: a message whose body is under way, and what arrived behind it. */
  readonly #queues = new Map<number, Place[]>()

  constructor(deliver: (message: Header, body: EncodedBody) => void) {
    this.#deliver = deliver
  }

  /** Takes a message that came whole. */
  whole(message: Header, body: EncodedBody, range: number | undefined): void {
    const queue = this.#queueOf(range)
    if (queue === undefined) this.#deliver(message, body)
    else queue.push({ message, body })
  }

  /** Takes a message whose body is under way, until `complete` or `drop`. */
  begin(message: Header, range: number | undefined): void {
    if (range === undefined) return
    const place = { message, body: undefined }
    const queue = this.#queues.get(range)
    if (queue === undefined) this.#queues.set(range, [place])
    else queue.push(place)
  }

  /** The body of a message that was begun is here. */
  complete(message: Header, body: EncodedBody, range: number | undefined): void {
    const queue = this.#queueOf(range)
    const place = queue?.find((each) => each.message === message)
    if (range === undefined || queue === undefined || place === undefined) {
      this.#deliver(message, body)
      return
    }
    place.body = body
    this.#deliverReady(range, queue)
  }

  /** The body of a message that was begun never comes. */
  drop(message: Header, range: number | undefined): void {
    const queue = this.#queueOf(range)
    const at = queue?.findIndex((each) => each.message === message) ?? -1
    if (range === undefined || queue === undefined || at < 0) return
    queue.splice(at, 1)
    this.#deliverReady(range, queue)
  }

  clear(): void {
    this.#queues.clear()
  }

  #queueOf(range: number | undefined): Place[] | undefined {
    return range === undefined ? undefined : this.#queues.get(range)
  }

  #deliverReady(range: number, queue: Place[]): void {
    for (;;) {
      const [first] = queue
      if (first?.body === undefined) break
      queue.shift()
      this.#deliver(first.message, first.body)
    }
    if (queue.length === 0) this.#queues.delete(range)
  }
}
