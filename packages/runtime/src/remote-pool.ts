/** The handle of a pool that another process has. */

import { RemoteError } from '@dialback/protocol'
import type { AnyFunction, Caller, Shipment } from './caller.ts'
import { type Pool, remoteOn, type TakeOptions } from './pool.ts'
import { type PoolUse, usePool } from './pool-owner.ts'
import { unlessAborted } from './unless-aborted.ts'

/** The process that the handle is in. */
export interface PoolUser extends Caller {
  nextId(): number
}

/** What travels. */
export interface PoolHandle {
  readonly owner: number
  readonly ref: number
  /** When it was sent; undefined for a pool of all workers. */
  readonly members: readonly number[] | undefined
  /** Whether functions are made ready to travel once. */
  readonly isCaching: boolean
}

/**
 * Takes and gives back at the owner, so that all processes with a handle share one pool. A process that ends gives
 * back what it has. What can be told without asking, such as `workers()`, is of the members that the pool had when
 * the handle was sent.
 */
export class RemotePool implements Pool {
  readonly handle: PoolHandle
  readonly #user: PoolUser
  readonly #members: Set<number>
  #taken: { readonly id: number; readonly take: number }[] = []
  /** Takes that wait for a worker. */
  #waiting = 0
  #holder: number | undefined
  #shipments = new WeakMap<AnyFunction, Shipment>()

  constructor(handle: PoolHandle, user: PoolUser) {
    this.handle = handle
    this.#user = user
    this.#members = new Set(handle.members)
  }

  get length(): number {
    return this.workers().length
  }

  /** Whether it has a live worker: which of them are idle is known to the owner. */
  get isReady(): boolean {
    return this.length > 0
  }

  workers(): readonly number[] {
    const all = this.#user.workers()
    if (this.handle.members === undefined) return all.length > 0 ? all : [this.handle.owner]
    const live = new Set([1, this.#user.id, ...all])
    return [...this.#members].filter((id) => live.has(id))
  }

  async take({ signal }: TakeOptions = {}): Promise<number> {
    signal?.throwIfAborted()
    const take = this.#user.nextId()
    const holder = this.#hold()
    this.#waiting += 1
    try {
      const { ref } = this.handle
      const id = Number(await unlessAborted(this.#use({ kind: 'take', ref, take, holder }), signal))
      this.#taken.push({ id, take })
      return id
    } catch (error) {
      this.#tell({ kind: 'end', take })
      throw error instanceof RemoteError ? error.cause : error
    } finally {
      this.#waiting -= 1
      this.#leaveIfUnused()
    }
  }

  put(id: number): void {
    const at = this.#taken.findIndex((taken) => taken.id === id)
    const [taken] = at < 0 ? [] : this.#taken.splice(at, 1)
    if (taken === undefined) return
    this.#tell({ kind: 'end', take: taken.take })
    this.#leaveIfUnused()
  }

  push(id: number): void {
    this.#members.add(id)
    this.#tell({ kind: 'push', ref: this.handle.ref, id })
  }

  async run<R>(start: (id: number) => Promise<R>, options?: TakeOptions): Promise<R> {
    const id = await this.take(options)
    try {
      return await start(id)
    } finally {
      this.put(id)
    }
  }

  remote<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => Promise<Awaited<R>> {
    return remoteOn(this, this.#user, fn)
  }

  ship(fn: AnyFunction): Shipment {
    const known = this.#shipments.get(fn)
    if (known !== undefined) return known
    if (!this.handle.isCaching) return this.#user.ship(fn)
    const shipment: Shipment = { ...this.#user.ship(fn), isShared: true }
    this.#shipments.set(fn, shipment)
    return shipment
  }

  /** Forgets the functions that it made ready to travel, of a `CachingPool`. */
  clear(): this {
    this.#shipments = new WeakMap()
    return this
  }

  onMembershipChange(listener: () => void): () => void {
    return this.#user.onMembershipChange(listener)
  }

  isOf(caller: Caller): boolean {
    return caller === this.#user
  }

  emptyError(action: string): Error {
    return new Error(`Cannot ${action}: no live worker in the pool`)
  }

  /** A call that lasts as long as something is taken: when it ends, the owner knows that nobody has it any more. */
  #hold(): number {
    if (this.#holder !== undefined) return this.#holder
    const holder = this.#user.nextId()
    this.#holder = holder
    // When the owner is gone, so is all that was taken.
    this.#use({ kind: 'hold', holder }).catch(() => {})
    return holder
  }

  #leaveIfUnused(): void {
    if (this.#holder === undefined || this.#waiting > 0 || this.#taken.length > 0) return
    this.#tell({ kind: 'leave', holder: this.#holder })
    this.#holder = undefined
  }

  async #use(use: PoolUse): Promise<unknown> {
    return await this.#start(use, false)
  }

  #tell(use: PoolUse): void {
    this.#start(use, true).catch(() => {})
  }

  #start(use: PoolUse, isSilent: boolean): Promise<unknown> {
    try {
      const input = { kind: 'args', args: [use] } as const
      return this.#user.start(this.#user.ship(usePool), this.handle.owner, input, { isSilent }).result
    } catch (error) {
      return Promise.reject(error)
    }
  }
}
