/**
 * Who holds references to values that are kept, so that their owners can drop them. All that carries references passes
 * through the manager, which counts for the receiver before it can let go: no count is ever too low.
 */

import type { BodyFacts, Letter } from '@dialback/protocol'

/** As a holder the manager counts by its first range of ids. */
export const ownRange = 0

interface Entry {
  readonly owner: number
  /** How often each holder, a range of ids, has got it. */
  readonly holders: Map<number, number>
  /** The call whose value it is has not ended: what is freed before would come after. */
  isPending: boolean
}

/** Told which values of a process nobody holds any more. */
export type Free = (owner: number, refs: readonly number[]) => void

export class ReferenceLedger {
  readonly #entries = new Map<number, Entry>()
  /** By the id of the call. */
  readonly #pending = new Map<number, number>()
  readonly #free: Free
  #freed = new Map<number, number[]>()

  constructor(free: Free) {
    this.#free = free
  }

  get size(): number {
    return this.#entries.size + this.#pending.size
  }

  /** Takes note of a message that goes from one range to another. */
  passes(message: Letter, from: number, to: number): void {
    switch (message.type) {
      case 'call':
        if (message.keep !== undefined) this.#expect(message.id, message.to, message.keep, from)
        break
      case 'open':
        this.hold([message.to, message.ref], from)
        break
      case 'result':
      case 'error':
        this.ended(message.id)
        break
      // biome-ignore format: these may only bring references
      case 'define':
      case 'put':
      case 'cancel':
      case 'module':
      case 'unknown':
      case 'take':
      case 'received':
      case 'inspect':
      case 'state':
      case 'close':
      case 'fetch':
      case 'release':
      case 'free':
      case 'chunk':
      case 'credit':
      case 'stop':
      case 'ping':
      case 'pong':
      case 'members':
      case 'recall':
      case 'recalled':
      case 'interrupt':
      case 'interrupted':
      case 'drain':
      case 'goodbye':
    }
    if (message.handles !== undefined) this.hold(message.handles, to)
  }

  /** Counts references for a holder: `[owner, ref, …]`. */
  hold(handles: NonNullable<BodyFacts['handles']>, holder: number): void {
    for (const [owner, ref] of pairs(handles)) {
      const { holders } = this.#entry(owner, ref)
      holders.set(holder, (holders.get(holder) ?? 0) + 1)
    }
  }

  /** A holder has no use any more for so many counts of references: `[ref, count, …]`. */
  release(refs: readonly number[], holder: number): void {
    for (const [ref, count] of pairs(refs)) {
      const entry = this.#entries.get(ref)
      if (entry === undefined) continue
      const left = (entry.holders.get(holder) ?? 0) - count
      if (left > 0) entry.holders.set(holder, left)
      else entry.holders.delete(holder)
      this.#freeIfUnused(ref, entry)
    }
  }

  /** The call with this id ended, or never will: what it was to keep is there, or not to be expected. */
  ended(callId: number): void {
    const ref = this.#pending.get(callId)
    if (ref === undefined) return
    this.#pending.delete(callId)
    const entry = this.#entries.get(ref)
    if (entry === undefined) return
    entry.isPending = false
    this.#freeIfUnused(ref, entry)
  }

  /** A thread or agent is gone, and with it all that it held. */
  holderGone(holder: number): void {
    for (const [ref, entry] of this.#entries) if (entry.holders.delete(holder)) this.#freeIfUnused(ref, entry)
  }

  /** A process is gone, and with it all that it kept. */
  ownerGone(owner: number): void {
    for (const [ref, entry] of this.#entries) if (entry.owner === owner) this.#entries.delete(ref)
    for (const [id, ref] of this.#pending) if (!this.#entries.has(ref)) this.#pending.delete(id)
  }

  #expect(callId: number, owner: number, ref: number, holder: number): void {
    // A call is sent again to those that had forgotten its function.
    if (this.#pending.has(callId)) return
    this.hold([owner, ref], holder)
    this.#pending.set(callId, ref)
    this.#entry(owner, ref).isPending = true
  }

  #entry(owner: number, ref: number): Entry {
    const known = this.#entries.get(ref)
    if (known !== undefined) return known
    const entry: Entry = { owner, holders: new Map(), isPending: false }
    this.#entries.set(ref, entry)
    return entry
  }

  #freeIfUnused(ref: number, { owner, holders, isPending }: Entry): void {
    if (holders.size > 0 || isPending) return
    this.#entries.delete(ref)
    if (this.#freed.size === 0) queueMicrotask(() => this.#flush())
    const refs = this.#freed.get(owner)
    if (refs === undefined) this.#freed.set(owner, [ref])
    else refs.push(ref)
  }

  #flush(): void {
    const freed = this.#freed
    this.#freed = new Map()
    for (const [owner, refs] of freed)
      for (let at = 0; at < refs.length; at += maxRefs) this.#free(owner, refs.slice(at, at + maxRefs))
  }
}

/** In one message. */
const maxRefs = 10_000

function* pairs(flat: readonly number[]): Iterable<readonly [number, number]> {
  for (let at = 0; at + 1 < flat.length; at += 2) yield [flat[at] ?? 0, flat[at + 1] ?? 0]
}
