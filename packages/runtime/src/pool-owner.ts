/** The pools of this process that others have handles of, and which of their workers those have taken. */

import { AbortError } from '@dialback/protocol'
import { callSignal } from './call-context.ts'
import type { Caller } from './caller.ts'
import { currentPeer } from './current-peer.ts'
import type { Pool } from './pool.ts'

/** What another process asks for: of a pool, or about a `take` that it has asked for before. */
export type PoolUse =
  /** Gives a worker; `holder` says who has it. */
  | { readonly kind: 'take'; readonly ref: number; readonly take: number; readonly holder: number }
  /** The worker is given back, or not waited for any more. */
  | { readonly kind: 'end'; readonly take: number }
  | { readonly kind: 'push'; readonly ref: number; readonly id: number }
  /** Lasts until `leave`, or until the caller is gone: then all that it has taken is given back. */
  | { readonly kind: 'hold'; readonly holder: number }
  | { readonly kind: 'leave'; readonly holder: number }

interface Take {
  readonly pool: Pool
  readonly holder: number
  readonly stop: AbortController
  /** Set once there is a worker. */
  id: number | undefined
}

export class PoolOwner {
  readonly #pools = new Map<number, Pool>()
  readonly #refs = new WeakMap<Pool, number>()
  readonly #takes = new Map<number, Take>()
  readonly #holds = new Map<number, () => void>()

  /** How many workers are with other processes, or wanted there. */
  get takeCount(): number {
    return this.#takes.size
  }

  /** Gives the number by which others know a pool; `nextRef` makes it when they do not yet. */
  publish(pool: Pool, nextRef: () => number): number {
    let ref = this.#refs.get(pool)
    if (ref === undefined) {
      ref = nextRef()
      this.#refs.set(pool, ref)
      this.#pools.set(ref, pool)
    }
    return ref
  }

  /** @throws {RangeError} when there is none of this number. */
  pool(ref: number): Pool {
    const pool = this.#pools.get(ref)
    if (pool === undefined) throw new RangeError(`There is no pool ${ref} in this thread`)
    return pool
  }

  async take(ref: number, number: number, holder: number): Promise<number> {
    const pool = this.pool(ref)
    const take: Take = { pool, holder, stop: new AbortController(), id: undefined }
    this.#takes.set(number, take)
    try {
      take.id = await pool.take({ signal: take.stop.signal })
    } catch (error) {
      this.#takes.delete(number)
      throw error
    }
    if (!this.#takes.has(number)) {
      // It was ended in the very turn in which there was one.
      pool.put(take.id)
      throw new AbortError('The worker is not wanted any more')
    }
    return take.id
  }

  /** Gives the worker of a take back, or ends the waiting for one. */
  end(number: number): void {
    const take = this.#takes.get(number)
    if (take === undefined) return
    this.#takes.delete(number)
    if (take.id === undefined) take.stop.abort(new AbortError('The worker is not wanted any more'))
    else take.pool.put(take.id)
  }

  /** Resolves when the holder leaves, or `signal` says that it is gone; then nothing is with it any more. */
  async hold(holder: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#holds.set(holder, resolve)
    signal.addEventListener('abort', () => resolve(), { once: true })
    await promise
    this.#holds.delete(holder)
    for (const [number, take] of this.#takes) if (take.holder === holder) this.end(number)
  }

  leave(holder: number): void {
    this.#holds.get(holder)?.()
  }
}

const owners = new WeakMap<Caller, PoolOwner>()

/** The one of a process. */
export function poolOwnerOf(caller: Caller): PoolOwner {
  let owner = owners.get(caller)
  if (owner === undefined) {
    owner = new PoolOwner()
    owners.set(caller, owner)
  }
  return owner
}

/** What handles call on the owner of their pool; it travels by its name. */
export function usePool(use: PoolUse): unknown {
  const owner = poolOwnerOf(currentPeer())
  switch (use.kind) {
    case 'take':
      return owner.take(use.ref, use.take, use.holder)
    case 'end':
      return owner.end(use.take)
    case 'push':
      return owner.pool(use.ref).push(use.id)
    case 'hold':
      return owner.hold(use.holder, callSignal())
    case 'leave':
      return owner.leave(use.holder)
  }
}
