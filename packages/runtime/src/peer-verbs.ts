/** The verbs as methods, over one peer: what a `Cluster` of one's own has. The functions in `verbs.ts` say what each does. */

import type { CollectionOptions, ImapOptions, PreduceOptions } from './collection-options.ts'
import { Future } from './future.ts'
import { imap } from './imap.ts'
import type { Peer } from './peer.ts'
import { pmap } from './pmap.ts'
import { preduce, type Reducer } from './preduce.ts'
import {
  remoteCallFetchOver,
  remoteCallOver,
  remoteCallWaitOver,
  remoteDoOver,
  type Target,
} from './remote-call.ts'
import { type ChannelOptions, RemoteChannel } from './remote-channel.ts'
import { defaultWorkerPool, type WorkerPool } from './worker-pool.ts'

type Items<T> = Iterable<T> | AsyncIterable<T>

export abstract class PeerVerbs {
  abstract readonly peer: Peer

  myid(): number {
    return this.peer.id
  }

  procs(): number[] {
    return [1, ...this.peer.workers()]
  }

  nprocs(): number {
    return this.procs().length
  }

  workers(): number[] {
    const ids = this.peer.workers()
    return ids.length === 0 ? [1] : [...ids]
  }

  nworkers(): number {
    return this.workers().length
  }

  remoteCall<A extends unknown[], R>(fn: (...args: A) => R, target: Target, ...args: A): Future<Awaited<R>> {
    return remoteCallOver(this.peer, fn, target, args)
  }

  remoteCallFetch<A extends unknown[], R>(
    fn: (...args: A) => R,
    target: Target,
    ...args: A
  ): Promise<Awaited<R>> {
    return remoteCallFetchOver(this.peer, fn, target, args)
  }

  remoteCallWait<A extends unknown[], R>(
    fn: (...args: A) => R,
    target: Target,
    ...args: A
  ): Promise<Future<Awaited<R>>> {
    return remoteCallWaitOver(this.peer, fn, target, args)
  }

  remoteDo<A extends unknown[]>(fn: (...args: A) => unknown, target: Target, ...args: A): void {
    remoteDoOver(this.peer, fn, target, args)
  }

  pmap<T, R>(
    fn: (item: T, index: number) => R,
    items: Items<T>,
    options?: CollectionOptions<T, Awaited<R>>,
  ): Promise<Awaited<R>[]> {
    return pmap(this.peer, fn, items, options)
  }

  imap<T, R>(
    fn: (item: T, index: number) => R,
    items: Items<T>,
    options?: ImapOptions<T, Awaited<R>>,
  ): AsyncIterable<Awaited<R>> {
    return imap(this.peer, fn, items, options)
  }

  preduce<T, R>(
    fn: (item: T, index: number) => R,
    reduce: Reducer<Awaited<R>>,
    items: Items<T>,
    options?: PreduceOptions<T, Awaited<R>>,
  ): Promise<Awaited<R>> {
    return preduce(this.peer, { fn, reduce }, items, options)
  }

  /** `new Future(owner)`, of this cluster. */
  future<R>(owner: number = this.peer.id): Future<R> {
    return new Future<R>({ peer: this.peer, owner })
  }

  /** `RemoteChannel.create`, of this cluster. */
  remoteChannel<T>(options: ChannelOptions = {}): RemoteChannel<T> {
    return RemoteChannel.createOver<T>(this.peer, options)
  }

  defaultWorkerPool(): WorkerPool {
    return defaultWorkerPool(this.peer)
  }

  remote<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => Promise<Awaited<R>> {
    return this.defaultWorkerPool().remote(fn)
  }
}
