/**
 * Keeps workers busy with batches: one runs on each of their threads, and when they are short others wait there, so that
 * no worker idles for a round trip. What waits behind a long one is taken back for a worker that has nothing to do.
 *
 * Costs no promise chain, closure or search per batch. It knows nothing of items, attempts and results.
 */

import { RemoteError, WorkerTerminatedError } from '@dialback/protocol'
import type { Batch } from './batch.ts'
import { BatchRecall, type RecallListener } from './batch-recall.ts'
import type { StartedCall } from './caller.ts'
import type { Clock } from './clock.ts'
import type { DispatchWork } from './dispatch-work.ts'
import { Lane, type LaneListener, laneKey, type Slot } from './lane.ts'

/**
 * Batches shorter than this have the next one wait at the worker, in ms: a round trip would be a share of
 * them that counts.
 */
const shortMs = 20
/**
 * Batches so short that a message costs more than they do travel together, because several wait: as many as take
 * `waitingMs`, once enough have shown that they are all short.
 */
const waitingMs = 1
const deepest = 16
const measuredFor = 100
/** How long work in this process may keep its event loop from everything else, in ms. */
const sliceMs = 50

export class Dispatcher implements LaneListener, RecallListener {
  readonly #work: DispatchWork
  readonly #clock: Clock
  readonly #ownId: number
  /** One for each thread of a worker. */
  readonly #lanes = new Map<string, Lane>()
  /** Workers that left and have not answered all yet. */
  readonly #leaving = new Set<Lane>()
  /** Lanes that have nothing to run, because there was nothing for them. */
  readonly #idle = new Set<Lane>()
  /** Lanes that run something and could have another batch waiting, for which there was none. */
  readonly #open = new Set<Lane>()
  readonly #recall = new BatchRecall(this.#lanes, this)
  #meanMs: number | undefined
  #measured = 0
  /** Whether a worker was lost that had several batches: which of them was to blame could not be told. */
  #isCareful = false
  #busyCount = 0
  #runningItems = 0
  #turnAt: number
  #isAsking = false
  #isWoken = false
  #isStopped = false

  constructor(work: DispatchWork, clock: Clock, ownId: number) {
    this.#work = work
    this.#clock = clock
    this.#ownId = ownId
    this.#turnAt = clock.now()
  }

  /** How many workers take part, each of their threads counted. */
  get workerCount(): number {
    return this.#lanes.size
  }

  /** How many have something to run: also workers that left before they answered. */
  get busyCount(): number {
    return this.#busyCount
  }

  /** How many have nothing to run. */
  get idleCount(): number {
    return this.#lanes.size + this.#leaving.size - this.#busyCount
  }

  /** How many items are in batches that run, as far as can be seen from here. */
  get runningItems(): number {
    return this.#runningItems
  }

  /** Whether batches are known to be short, so that each worker has one waiting, or more. */
  get isAhead(): boolean {
    return this.#meanMs !== undefined && this.#meanMs < shortMs
  }

  /** How many batches each worker has, the one that runs included. */
  get #depth(): number {
    if (this.#meanMs === undefined || this.#meanMs >= shortMs) return 1
    if (this.#isCareful || this.#measured < measuredFor) return 2
    return Math.max(2, Math.min(deepest, Math.floor(waitingMs / this.#meanMs)))
  }

  setWorkers(ids: readonly number[]): void {
    const present = new Set(ids)
    for (const lane of this.#lanes.values()) if (!present.has(lane.workerId)) this.#leave(lane)
    // First one thread of each worker, so that a short input does not crowd one of them.
    const most = Math.max(0, ...[...present].map((id) => this.#work.threadsOf(id)))
    for (let thread = 0; thread < most; thread++) {
      for (const id of present) if (thread < this.#work.threadsOf(id)) this.#add(id, thread)
    }
    this.wake()
  }

  /** Gives what there is now to the workers that could take more, idle ones first. */
  wake(): void {
    this.#isWoken = true
    // Reading the input and calling a function of this process run the user's code, which may bring workers:
    // they are seen to afterwards.
    if (this.#isAsking) return
    while (this.#isWoken && !this.#isStopped) {
      this.#isWoken = false
      for (const lane of this.#idle) if (!this.#feed(lane)) break
      for (const lane of this.#open) if (!this.#feed(lane)) break
    }
  }

  /** Cancels everything that is out and hears of nothing any more. */
  stop(reason: unknown): void {
    this.#isStopped = true
    this.#idle.clear()
    this.#open.clear()
    for (const lane of [...this.#lanes.values(), ...this.#leaving]) {
      // From the last to the first, so that none of them begins.
      for (const { call } of lane.slots.toReversed()) call?.cancel(reason)
    }
    this.#lanes.clear()
    this.#leaving.clear()
  }

  onValue(slot: Slot, value: unknown): void {
    const { lane, batch } = slot
    if (this.#isStopped || batch === undefined) return
    const now = this.#clock.now()
    const ms = now - slot.since
    this.#measure(ms)
    this.#work.onMeasured(batch, ms, lane.isNew)
    lane.isNew = false
    this.#release(slot, now)
    this.#work.onValue(batch, value, lane.workerId)
    this.#feedNext(lane, now)
  }

  onError(slot: Slot, error: unknown): void {
    const { lane, batch } = slot
    if (this.#isStopped || batch === undefined) return
    const now = this.#clock.now()
    const isLost = error instanceof WorkerTerminatedError && error.workerId === lane.workerId
    if (isLost) this.#spareInnocent(slot)
    const { isInnocent } = slot
    if (isLost) this.#leave(lane)
    else if (error instanceof RemoteError) this.#measure(now - slot.since)
    this.#release(slot, now)
    if (isLost && isInnocent) this.#work.onSpared(batch, error)
    else this.#work.onError(batch, error, lane.workerId)
    this.#feedNext(lane, now)
  }

  onTaken(slot: Slot): void {
    const { lane, batch } = slot
    if (this.#isStopped || batch === undefined) return
    this.#release(slot, this.#clock.now())
    if (lane.isLive) (lane.isIdle ? this.#idle : this.#open).add(lane)
    this.#work.onRecalled(batch)
  }

  onRefused(): void {
    if (!this.#isStopped && this.#idle.size > 0) this.#recall.request(this.#idle.size)
  }

  /** What waited behind another one cannot have been the cause; what of many ran, nobody knows here. */
  #spareInnocent(slot: Slot): void {
    const { head, slots } = slot.lane
    const isUnclear = slots.length > 2
    for (const each of slots) each.isInnocent ||= isUnclear || each !== head
    // Run again, the one that ends workers is found out.
    this.#isCareful ||= isUnclear
  }

  #add(id: number, thread: number): void {
    if (this.#lanes.has(laneKey(id, thread))) return
    const lane = new Lane(id, thread, this)
    this.#lanes.set(lane.key, lane)
    this.#idle.add(lane)
  }

  #measure(ms: number): void {
    this.#measured++
    this.#meanMs = this.#meanMs === undefined ? ms : this.#meanMs + (ms - this.#meanMs) / 4
  }

  #release(slot: Slot, now: number): void {
    const { lane } = slot
    this.#countHead(lane, -1)
    lane.release(slot, now)
    this.#countHead(lane, 1)
    if (!lane.isLive && lane.isIdle) this.#leaving.delete(lane)
  }

  #countHead({ head }: Lane, by: 1 | -1): void {
    if (head?.batch === undefined) return
    this.#busyCount += by
    this.#runningItems += by * head.batch.items.length
  }

  #leave(lane: Lane): void {
    if (!lane.isLive) return
    lane.isLive = false
    this.#idle.delete(lane)
    this.#open.delete(lane)
    if (this.#lanes.get(lane.key) === lane) this.#lanes.delete(lane.key)
    if (!lane.isIdle) this.#leaving.add(lane)
  }

  #feedNext(lane: Lane, now: number): void {
    if (lane.workerId === this.#ownId && now - this.#turnAt > sliceMs) {
      // Synchronous functions run here one after another would keep timers and signals from ever firing.
      this.#clock.after(0, () => {
        this.#turnAt = this.#clock.now()
        if (lane.isLive) this.#idle.add(lane)
        this.wake()
      })
      return
    }
    this.#feed(lane)
    // What ended may have made room for more than its own worker.
    if (this.#isWoken || this.#idle.size > 0) this.wake()
  }

  /** Gives a lane what it can take; false when there was not enough for it. */
  #feed(lane: Lane): boolean {
    if (this.#isStopped || !lane.isLive) return true
    if (lane.isIdle && !this.#fill(lane)) {
      this.#open.delete(lane)
      if (lane.isLive) this.#idle.add(lane)
      this.#recall.request(this.#idle.size)
      return false
    }
    this.#idle.delete(lane)
    const depth = lane.workerId === this.#ownId ? 1 : this.#depth
    while (lane.isLive && lane.slots.length < depth) {
      if (this.#fill(lane)) continue
      if (lane.isLive) this.#open.add(lane)
      return false
    }
    this.#open.delete(lane)
    return true
  }

  #fill(lane: Lane): boolean {
    if (this.#isAsking) return false
    this.#isAsking = true
    let batch: Batch | undefined
    let call: StartedCall | undefined
    try {
      batch = this.#work.next(lane.workerId, !lane.isIdle)
      if (batch !== undefined && lane.isLive && !this.#isStopped)
        call = this.#work.call(batch, lane.workerId, lane.thread)
    } finally {
      this.#isAsking = false
    }
    if (batch === undefined || this.#isStopped) return false
    if (call === undefined) {
      this.#leave(lane)
      this.#work.onSpared(batch)
      return false
    }
    const isFirst = lane.isIdle
    lane.add(batch, call, this.#clock.now())
    if (isFirst) this.#countHead(lane, 1)
    return true
  }
}
