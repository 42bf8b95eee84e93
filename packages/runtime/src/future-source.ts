/** Where the value of a `Future` comes from. */

import { describe, FutureSetError } from '@dialback/protocol'
import type { Reference } from './keeping/keeper-client.ts'
import type { Peer } from './peer.ts'

export interface FutureSource {
  /** Of whose cluster it is; undefined of what needs no owner. */
  readonly peer: Peer | undefined
  readonly owner: number
  /** The value is made in this very process, where it is needed by others as well. */
  readonly isHere: boolean
  /** It gets its value from a call, not by `put`. */
  readonly isOfCall: boolean
  /** Settles when the value is there, without it; rejects as the call did. Never an unhandled rejection. */
  readonly done: Promise<unknown>
  /** Gives the value, once it is there. */
  load(): Promise<unknown>
  isReady(): Promise<boolean>
  put(value: unknown): Promise<void>
  /** Makes it known to other processes; `future` stands for it here. */
  refer(future: object): Reference
  /** Tells that `future` does not need the value any more. */
  release(future: object): void
}

/** A future that anybody may give a value, which `owner` keeps. @throws {TypeError} when that is no id. */
export function openFuture(
  { peer, owner }: { readonly peer: Peer; readonly owner: number },
  future: object,
): FutureSource {
  if (!Number.isSafeInteger(owner) || owner < 1)
    throw new TypeError(`A Future belongs to the id of a process: ${describe(owner)}`)
  const at = { owner, ref: peer.nextId() }
  peer.values.open(at, future)
  return keptSource(peer, at, { isOfCall: false })
}

/**
 * A future whose value its owner keeps. `done` of a call is how it was answered; others are waited for only when somebody
 * here does, as most references are fetched or passed on.
 */
export function keptSource(
  peer: Peer,
  at: Reference,
  { isOfCall, done }: { readonly isOfCall: boolean; readonly done?: Promise<unknown> },
): FutureSource {
  let waiting = done
  const wait = (): Promise<unknown> => {
    waiting ??= quiet(peer.values.fetch(at, true))
    return waiting
  }
  return {
    peer,
    owner: at.owner,
    isHere: false,
    isOfCall,
    get done() {
      return wait()
    },
    load: async () => {
      if (done !== undefined) await done
      return await peer.values.fetch(at)
    },
    isReady: async () =>
      done === undefined ? (await peer.values.inspect(at)).isReady : await isSettled(done),
    put: async (value) => {
      if (isOfCall) throw setByCall()
      await peer.values.put(at, value)
    },
    refer: () => at,
    release: (future) => peer.values.references.letGo(at.ref, future),
  }
}

/** The value of a call that runs in this process: a promise has it, and it is published only when others are told of it. */
export function localSource(peer: Peer, done: Promise<unknown>): FutureSource {
  let published: Reference | undefined
  return {
    peer,
    owner: peer.id,
    isHere: true,
    isOfCall: true,
    done,
    load: () => done,
    isReady: () => isSettled(done),
    put: () => Promise.reject(setByCall()),
    refer: (future) => {
      if (published === undefined || peer.values.references.find(published.ref) !== future) {
        published = { owner: peer.id, ref: peer.nextId() }
        peer.values.open(published, future)
        peer.values.publish(published.ref, done)
      }
      return published
    },
    release: (future) => {
      if (published !== undefined) peer.values.references.letGo(published.ref, future)
    },
  }
}

export interface PoolCall {
  readonly ref: number
  readonly done: Promise<unknown>
  /** The process that the pool gave; 0 before. */
  readonly owner: () => number
}

/** The value of a call to a pool. Those who are told of it before there is a worker for it get the value from here. */
export function poolSource(peer: Peer, { ref, done, owner }: PoolCall): FutureSource {
  const isHere = (): boolean => owner() === peer.id
  const kept = (): FutureSource => keptSource(peer, { owner: owner(), ref }, { isOfCall: true, done })
  const load = async (): Promise<unknown> => {
    const value = await done
    return isHere() ? value : await kept().load()
  }
  let local: FutureSource | undefined
  return {
    peer,
    get owner() {
      return owner()
    },
    get isHere() {
      return isHere()
    },
    isOfCall: true,
    done,
    load,
    isReady: () => isSettled(done),
    put: () => Promise.reject(setByCall()),
    refer: (future) => {
      if (owner() !== 0 && !isHere()) return { owner: owner(), ref }
      local ??= localSource(peer, quiet(load()))
      return local.refer(future)
    },
    release: (future) => {
      peer.values.references.letGo(ref, future)
      local?.release(future)
    },
  }
}

/** A future that is known to have a value, or to have failed: it needs no owner. */
export function settledSource(owner: number): FutureSource {
  const done = Promise.resolve()
  return {
    peer: undefined,
    owner,
    isHere: false,
    isOfCall: true,
    done,
    load: () => done,
    isReady: () => Promise.resolve(true),
    put: () => Promise.reject(setByCall()),
    refer: () => ({ owner, ref: 0 }),
    release() {},
  }
}

/** Makes a rejection that nobody waits for no unhandled one. */
export function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

async function isSettled(done: Promise<unknown>): Promise<boolean> {
  const settled = done.then(
    () => true,
    () => true,
  )
  // A turn for an answer that has just arrived.
  return await Promise.race([settled, new Promise<boolean>((resolve) => setImmediate(resolve, false))])
}

function setByCall(): FutureSetError {
  return new FutureSetError('Future can be set only once, and this one by its call')
}
