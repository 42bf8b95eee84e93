/** How many items the next batch takes. */

/** Items that go to a worker in one message. */
export interface Batch {
  /** The index of the first item; the others follow it. */
  readonly firstIndex: number
  readonly items: readonly unknown[]
  /** Of an item that is run again: what happened to it before. */
  readonly history: ItemHistory | undefined
  /** How often it was lost as a whole. */
  losses: number
}

/** What happened to an item so far. */
export interface ItemHistory {
  readonly index: number
  readonly item: unknown
  /** Failed attempts. */
  attempts: number
  /** How often its worker was taken away. */
  losses: number
  /** Where it ran last. */
  workerId: number
}

export interface BatchSizer {
  /**
   * Whether short batches may queue behind one another: while sizes still grow, a queued one would be too small.
   */
  readonly isSteady: boolean
  /**
   * How many items the next batch takes; `remaining`: how many there are left, when that is known. Called
   * once for each batch.
   */
  next(remaining: number | undefined, workers: number): number
  /** Takes in that `count` items took `ms` on a worker; `isFirst`: they were its first. */
  record(count: number, ms: number, isFirst: boolean): void
}

export class FixedSize implements BatchSizer {
  readonly isSteady = true
  readonly #size: number

  constructor(size: number) {
    this.#size = size
  }

  next(): number {
    return this.#size
  }

  record(): void {}
}

/**
 * What a batch should take, in ms: long against a message, short against the whole. Where workers take all of the
 * machine, a message that comes after some ms of other work finds cold caches, and the batch costs more than 1 ms of
 * CPU here and there: 2 % of this.
 */
const targetMs = 50
/** Below this there is no use in dividing the rest more evenly: another message costs as much. */
const tailMs = 1
const firstSize = 8
const maxSize = 4_096
const maxStep = 4

/**
 * Sizes by measured time: from 8 items towards 50 ms, by a factor of 4 at most from one measurement to the
 * next, never more than 4,096. Where the number of items is known, a batch takes no more than the
 * 2·workers-th part of what is left, so that all workers end at about the same time.
 */
export class MeasuredSize implements BatchSizer {
  #size = firstSize
  // Both halve with each measurement, so that later and larger batches count most.
  #count = 0
  #ms = 0
  #isWarm = false

  get isSteady(): boolean {
    return this.#size === maxSize
  }

  next(remaining: number | undefined, workers: number): number {
    if (remaining === undefined) return this.#size
    const share = Math.ceil(remaining / (2 * Math.max(1, workers)))
    const least = this.#isWarm ? Math.floor(tailMs / this.#itemMs) : 1
    return Math.max(1, Math.min(this.#size, Math.max(share, least)))
  }

  record(count: number, ms: number, isFirst: boolean): void {
    // The first call of a worker also compiles the function and loads its modules: it says how slow items are
    // at most.
    if (isFirst && this.#isWarm) return
    const isMore = isFirst !== this.#isWarm
    this.#isWarm = !isFirst
    this.#count = (isMore ? this.#count / 2 : 0) + count
    this.#ms = (isMore ? this.#ms / 2 : 0) + Math.max(ms, 0.001)
    const smallest = isFirst ? firstSize / 2 : this.#size / maxStep
    // What a few items took says little about batches that are much larger.
    const largest = Math.max(this.#size, count * maxStep)
    const wanted = Math.min(targetMs / this.#itemMs, largest)
    this.#size = Math.round(Math.min(maxSize, Math.max(1, smallest, wanted)))
  }

  get #itemMs(): number {
    return this.#ms / this.#count
  }
}

/**
 * Cuts `count` items into `parts` contiguous chunks whose sizes differ by 1 at most, larger ones first.
 * Source: Distributed.jl `src/macros.jl` (`splitrange`).
 */
export class EvenChunks implements BatchSizer {
  readonly isSteady = true
  readonly #count: number
  readonly #parts: number
  #given = 0

  constructor(count: number, parts: number) {
    this.#count = count
    this.#parts = parts
  }

  next(): number {
    const part = this.#given++
    return Math.floor(this.#count / this.#parts) + (part < this.#count % this.#parts ? 1 : 0)
  }

  record(): void {}
}
