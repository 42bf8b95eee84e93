/** Keeps the futures and channels that a process owns, and answers who asks for them. */

import type { Close, Fetch, Inspect, Put, Received, Take } from '@dialback/protocol'
import { ChannelPlace } from './channel-place.ts'
import { type Asker, type Content, failure } from './content.ts'
import { FuturePlace } from './future-place.ts'
import type { Drop, Place } from './place.ts'

/** What can be asked of a keeper. */
export type KeeperQuestion = Fetch | Put | Take | Inspect | Close

/** References that were freed before their call's value came: only as many as can be on their way. */
const maxFreedEarly = 10_000

export class Keeper {
  readonly #drop: Drop
  readonly #places = new Map<number, Place>()
  /** Where the asker with this id waits, or has something to receive. */
  readonly #asked = new Map<number, Place>()
  readonly #freedEarly = new Set<number>()

  /** `drop` is told of each content that is not kept any more. */
  constructor(drop: Drop) {
    this.#drop = drop
  }

  /** How many futures and channels there are. */
  get size(): number {
    return this.#places.size
  }

  open(ref: number, capacity: number | undefined): void {
    if (this.#places.has(ref)) return
    this.#places.set(
      ref,
      capacity === undefined ? new FuturePlace(this.#drop) : new ChannelPlace(capacity, this.#drop),
    )
  }

  /** Answers a question, now or when it can. `content` is what a `put` brings. */
  ask(question: KeeperQuestion, content: Content, asker: Asker): void {
    switch (question.type) {
      case 'fetch':
        this.#at(question, asker, (place, tracked) => place.fetch(tracked, question.isWaitOnly === true))
        return
      case 'take':
        this.#at(question, asker, (place, tracked) => place.take(tracked))
        return
      case 'put':
        if (question.isCall === true) {
          this.set(question.ref, content)
          asker.done()
        } else if (!this.#places.has(question.ref)) {
          // All that knew of it are gone.
          this.#drop(content)
          asker.done()
        } else this.#at(question, asker, (place, tracked) => place.put(tracked, content))
        return
      case 'inspect':
        this.#at(question, asker, (place) => place.inspect(asker))
        return
      case 'close':
        this.#at(question, asker, (place) => place.close(asker))
    }
  }

  /** How the call ended whose value is kept under `ref`; the first time stands. */
  set(ref: number, content: Content): void {
    if (this.#freedEarly.delete(ref)) {
      this.#drop(content)
      return
    }
    this.open(ref, undefined)
    const place = this.#places.get(ref)
    if (place instanceof FuturePlace) place.set(content)
  }

  received({ id }: Received): void {
    this.#asked.get(id)?.received(id)
    this.#asked.delete(id)
  }

  /** Lets go of what nobody refers to any more. */
  free(refs: readonly number[]): void {
    for (const ref of refs) {
      const place = this.#places.get(ref)
      this.#places.delete(ref)
      place?.free()
      if (place === undefined || (place instanceof FuturePlace && !place.isSet)) this.#freeEarly(ref)
    }
  }

  /** See `Place.cancel`. */
  cancel(id: number, reason: Content | undefined): void {
    const place = this.#asked.get(id)
    // One that is still there and gives up too late will receive what it took, and say so.
    if (reason === undefined) this.#asked.delete(id)
    place?.cancel(id, reason)
  }

  /** Forgets the askers whose id `isGone` says yes to. */
  forget(isGone: (id: number) => boolean): void {
    for (const id of this.#asked.keys()) if (isGone(id)) this.cancel(id, undefined)
  }

  #at({ type, id, ref }: KeeperQuestion, asker: Asker, use: (place: Place, tracked: Asker) => void): void {
    // The value of a call may be asked for before there is one.
    if (type === 'fetch') this.open(ref, undefined)
    const place = this.#places.get(ref)
    if (place === undefined) {
      answerForNone(type, asker)
      return
    }
    this.#asked.set(id, place)
    const ended = (): void => void this.#asked.delete(id)
    use(place, {
      id,
      isHere: asker.isHere,
      has: (content) => asker.has(content),
      give: (content) => {
        asker.give(content)
        // Else it may have to be given back.
        if (type !== 'take' || asker.isHere || content.kind !== 'value') ended()
      },
      done: () => {
        ended()
        asker.done()
      },
      tell: (state) => asker.tell(state),
    })
    if (type === 'inspect' || type === 'close') ended()
  }

  #freeEarly(ref: number): void {
    this.#freedEarly.add(ref)
    if (this.#freedEarly.size <= maxFreedEarly) return
    for (const oldest of this.#freedEarly) {
      this.#freedEarly.delete(oldest)
      return
    }
  }
}

/** Nothing is there: of a call, nothing yet; of anything else, nobody refers to it any more. */
function answerForNone(type: KeeperQuestion['type'], asker: Asker): void {
  if (type === 'inspect') asker.tell({ isReady: false, isOpen: false })
  else if (type === 'take') asker.give(failure(new TypeError('Cannot take from what is no channel')))
  else asker.done()
}
