/** Calls of a function on another process. */

import { describe, RemoteError } from '@dialback/protocol'
import type { AnyFunction, Shipment } from './caller.ts'
import { Future } from './future.ts'
import { keptSource, localSource, poolSource, quiet } from './future-source.ts'
import type { Peer } from './peer.ts'
import { checkPoolOf, isPool, type Pool } from './pool.ts'

/** Where a call runs: the id of a process, or a pool, of which an idle worker is taken. */
export type Target = number | Pool

export function remoteCallOver<R>(
  peer: Peer,
  fn: AnyFunction,
  target: Target,
  args: readonly unknown[],
): Future<R> {
  checkCall(peer, fn, target)
  if (typeof target !== 'number') return poolFuture(peer, fn, target, args)
  const ref = peer.nextId()
  const done = startOrReject(peer, fn, target, { args, ref })
  if (target === peer.id) return new Future<R>({ source: localSource(peer, done) })
  const at = { owner: target, ref }
  const future = new Future<R>({ source: keptSource(peer, at, { isOfCall: true, done }) })
  peer.values.references.adopt(ref, future, true)
  return future
}

export async function remoteCallFetchOver<R>(
  peer: Peer,
  fn: AnyFunction,
  target: Target,
  args: readonly unknown[],
): Promise<R> {
  checkCall(peer, fn, target)
  const run = (id: number): Promise<unknown> =>
    peer.start(shipmentFor(peer, fn, id), id, { kind: 'args', args }).result
  // A call gives what its function returns.
  return (typeof target === 'number' ? await run(target) : await target.run(run)) as R
}

export async function remoteCallWaitOver<R>(
  peer: Peer,
  fn: AnyFunction,
  target: Target,
  args: readonly unknown[],
): Promise<Future<R>> {
  return await remoteCallOver<R>(peer, fn, target, args).wait()
}

export function remoteDoOver(peer: Peer, fn: AnyFunction, target: Target, args: readonly unknown[]): void {
  checkCall(peer, fn, target)
  const run = (id: number): Promise<unknown> =>
    peer.start(
      shipmentFor(peer, fn, id),
      id,
      { kind: 'args', args },
      { isSilent: true, onRefused: peer.print },
    ).result
  if (typeof target === 'number') void run(target)
  else {
    target.run(run).catch((error: unknown) => {
      // What the function threw was printed where it ran.
      if (!(error instanceof RemoteError)) peer.print(error)
    })
  }
}

/** Nothing travels to this process: there the function may have captured anything. */
function shipmentFor(peer: Peer, fn: AnyFunction, target: number): Shipment {
  return target === peer.id ? { fn } : peer.ship(fn)
}

interface KeptCall {
  readonly args: readonly unknown[]
  /** Under which its value is kept. */
  readonly ref: number
}

/** A refusal to send, or a worker that is gone, is the future's failure. */
function startOrReject(peer: Peer, fn: AnyFunction, target: number, call: KeptCall): Promise<unknown> {
  try {
    // Never an unhandled rejection.
    return peer.start(
      shipmentFor(peer, fn, target),
      target,
      { kind: 'args', args: call.args },
      // In this process the promise has the value.
      target === peer.id ? {} : { keep: call.ref },
    ).result
  } catch (error) {
    return quiet(Promise.reject(error))
  }
}

/** Which process has the value is known only when the pool has given a worker. */
function poolFuture<R>(peer: Peer, fn: AnyFunction, pool: Pool, args: readonly unknown[]): Future<R> {
  const ref = peer.nextId()
  let owner = 0
  const done = quiet(
    pool.run((id) => {
      owner = id
      return startOrReject(peer, fn, id, { args, ref })
    }),
  )
  const future: Future<R> = new Future<R>({ source: poolSource(peer, { ref, done, owner: () => owner }) })
  peer.values.references.adopt(ref, future, true)
  return future
}

function checkCall(peer: Peer, fn: unknown, target: unknown): void {
  if (typeof fn !== 'function') throw new TypeError(`A remote call takes a function: ${describe(fn)}`)
  if (isPool(target)) {
    checkPoolOf(peer, target, 'make a remote call')
    return
  }
  if (!Number.isSafeInteger(target) || Number(target) < 1)
    throw new TypeError(`A remote call goes to the id of a process, or to a pool: ${describe(target)}`)
}
