/** The values of one channel in order, who waits to put or take, and what is on its way to who took it. */

import { ChannelClosedError } from '@dialback/protocol'
import { Fifo } from '../fifo.ts'
import { type Asker, type Content, failure } from './content.ts'
import type { Drop, Place } from './place.ts'

interface Item {
  readonly content: Content
  /** The place among all that were put: where it goes back to. */
  readonly order: number
  /** Still to be told that its value has a place. */
  putter: Asker | undefined
}

/**
 * ```
 *            room                     a taker                received
 *  waiting ────────► buffered ───────────────────► under way ──────► gone
 *     └───────────────── (capacity 0) ────────────►    │
 *                        returned ◄────────────────────┘ the taker was lost
 * ```
 */
export class ChannelPlace implements Place {
  readonly #capacity: number
  readonly #drop: Drop
  /** Given back by takers that were lost, in order: before all others. */
  readonly #returned: Item[] = []
  readonly #buffered = new Fifo<Item>()
  /** By the id of the `put`. */
  readonly #waiting = new Map<number, Item>()
  /** By the id of the `take`. */
  readonly #underWay = new Map<number, Item>()
  readonly #takers = new Map<number, Asker>()
  readonly #fetchers = new Map<number, { readonly asker: Asker; readonly isWaitOnly: boolean }>()
  #isOpen = true
  #lastOrder = 0

  constructor(capacity: number, drop: Drop) {
    this.#capacity = capacity
    this.#drop = drop
  }

  put(asker: Asker, content: Content): void {
    if (!this.#isOpen) {
      this.#drop(content)
      asker.give(closedFor('put into'))
      return
    }
    this.#lastOrder += 1
    this.#waiting.set(asker.id, { content, order: this.#lastOrder, putter: asker })
    this.#serve()
  }

  take(asker: Asker): void {
    this.#takers.set(asker.id, asker)
    this.#serve()
  }

  fetch(asker: Asker, isWaitOnly: boolean): void {
    this.#fetchers.set(asker.id, { asker, isWaitOnly })
    this.#serve()
  }

  received(id: number): void {
    const item = this.#underWay.get(id)
    this.#underWay.delete(id)
    if (item === undefined) return
    this.#leave(item)
    this.#serve()
  }

  close(asker: Asker): void {
    this.#isOpen = false
    for (const { content, putter } of this.#waiting.values()) {
      this.#drop(content)
      putter?.give(closedFor('put into'))
    }
    this.#waiting.clear()
    asker.done()
    this.#serve()
  }

  inspect(asker: Asker): void {
    asker.tell({ isReady: this.#first() !== undefined, isOpen: this.#isOpen })
  }

  cancel(id: number, reason: Content | undefined): void {
    const asker = this.#takers.get(id) ?? this.#fetchers.get(id)?.asker ?? this.#waiting.get(id)?.putter
    const putting = this.#waiting.get(id)
    this.#takers.delete(id)
    this.#fetchers.delete(id)
    this.#waiting.delete(id)
    if (putting !== undefined) this.#drop(putting.content)
    if (reason !== undefined) asker?.give(reason)
    else this.#giveBack(id)
  }

  free(): void {
    for (const { content } of this.#returned) this.#drop(content)
    for (let item = this.#buffered.shift(); item !== undefined; item = this.#buffered.shift())
      this.#drop(item.content)
    for (const { content } of [...this.#waiting.values(), ...this.#underWay.values()]) this.#drop(content)
  }

  /** Does all that can be done now. */
  #serve(): void {
    this.#admit()
    // Those that only look first: they take nothing from the others.
    const first = this.#first()
    if (first !== undefined) for (const each of this.#fetchers.values()) this.#show(first.content, each)
    if (first !== undefined) this.#fetchers.clear()
    for (const taker of this.#takers.values()) {
      const item = this.#first()
      if (item === undefined) break
      this.#takers.delete(taker.id)
      this.#remove(item)
      this.#send(item, taker)
    }
    this.#admit()
    // What is under way may still come back.
    if (!this.#isOpen && this.#first() === undefined && this.#underWay.size === 0) this.#refuseTakers()
  }

  #show(content: Content, { asker, isWaitOnly }: { asker: Asker; isWaitOnly: boolean }): void {
    try {
      if (isWaitOnly && content.kind === 'value') asker.done()
      else asker.give(content)
    } catch (error) {
      asker.give(failureOf(error))
    }
  }

  /** A value that cannot travel to who takes it stays for somebody to whom it need not. */
  #send(item: Item, taker: Asker): void {
    const { content } = item
    try {
      taker.give(content)
    } catch (error) {
      taker.give(failureOf(error))
      this.#return(item)
      return
    }
    if (content.kind !== 'value' && !taker.has(content)) this.#return(item)
    else if (taker.isHere) this.#leave(item)
    else this.#underWay.set(taker.id, item)
  }

  #leave(item: Item): void {
    this.#drop(item.content)
    item.putter?.done()
    item.putter = undefined
  }

  /** Takes back what the asker with this id took and will never receive. */
  #giveBack(id: number): void {
    const item = this.#underWay.get(id)
    this.#underWay.delete(id)
    if (item === undefined) return
    this.#return(item)
    this.#serve()
  }

  #return(item: Item): void {
    const at = this.#returned.findIndex(({ order }) => order > item.order)
    this.#returned.splice(at < 0 ? this.#returned.length : at, 0, item)
  }

  #first(): Item | undefined {
    const [returned] = this.#returned
    if (returned !== undefined) return returned
    const [waiting] = this.#waiting.values()
    return this.#buffered.peek() ?? waiting
  }

  #remove(first: Item): void {
    if (this.#returned[0] === first) this.#returned.shift()
    else if (this.#buffered.peek() === first) this.#buffered.shift()
    else if (first.putter !== undefined) this.#waiting.delete(first.putter.id)
  }

  #admit(): void {
    for (const [id, item] of this.#waiting) {
      if (this.#buffered.length >= this.#capacity) return
      this.#waiting.delete(id)
      this.#buffered.push(item)
      item.putter?.done()
      item.putter = undefined
    }
  }

  #refuseTakers(): void {
    for (const { asker } of this.#fetchers.values()) asker.give(closedFor('fetch from'))
    for (const taker of this.#takers.values()) taker.give(closedFor('take from'))
    this.#fetchers.clear()
    this.#takers.clear()
  }
}

function closedFor(action: string): Content {
  return failure(new ChannelClosedError(`Cannot ${action} a channel that is closed`))
}

function failureOf(error: unknown): Content {
  return failure(error instanceof Error ? error : new Error(String(error)))
}
