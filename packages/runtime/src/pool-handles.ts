/** How a pool travels: as a handle, whose operations go to the process that made the pool. */

import { CachingPool } from './caching-pool.ts'
import type { HandleHooks } from './handle-hooks.ts'
import { poolOwnerOf } from './pool-owner.ts'
import { type PoolHandle, type PoolUser, RemotePool } from './remote-pool.ts'
import { WorkerPool } from './worker-pool.ts'

/** Adds pools to what else travels as a handle. */
export function withPools(user: PoolUser, others: HandleHooks): HandleHooks {
  const owner = poolOwnerOf(user)
  /** One that arrives again is the same object, so that it knows what it has taken. */
  const handles = new Map<number, WeakRef<RemotePool>>()
  const gone = new FinalizationRegistry<number>((ref) => {
    if (handles.get(ref)?.deref() === undefined) handles.delete(ref)
  })
  return {
    describeHandle: (value) => {
      const isPool =
        value instanceof RemotePool || value instanceof WorkerPool || value instanceof CachingPool
      if (!isPool) return others.describeHandle(value)
      // There its ids would be other workers.
      if (!value.isOf(user)) return { refused: `${value.constructor.name} of another cluster` }
      if (value instanceof RemotePool) return { tag: 'pool', data: { ...value.handle } }
      const ref = owner.publish(value, () => user.nextId())
      const members = value.isOfAll ? undefined : [...value.workers()]
      const isCaching = value instanceof CachingPool
      return { tag: 'pool', data: { owner: user.id, ref, members, isCaching } }
    },
    reviveHandle: (tag, data) => {
      if (tag !== 'pool') return others.reviveHandle(tag, data)
      const handle = parseHandle(data)
      if (handle.owner === user.id) return owner.pool(handle.ref)
      const known = handles.get(handle.ref)?.deref()
      if (known !== undefined) return known
      const pool = new RemotePool(handle, user)
      handles.set(handle.ref, new WeakRef(pool))
      gone.register(pool, handle.ref)
      return pool
    },
    decoded: (body) => others.decoded(body),
  }
}

/** @throws {TypeError} when it is not what `describeHandle` makes. */
function parseHandle(data: unknown): PoolHandle {
  const { owner, ref, members, isCaching } = (data ?? {}) as Partial<Record<keyof PoolHandle, unknown>>
  const areIds = members === undefined || (Array.isArray(members) && members.every(Number.isSafeInteger))
  if (!Number.isSafeInteger(owner) || !Number.isSafeInteger(ref) || !areIds || typeof isCaching !== 'boolean')
    throw new TypeError('Received a pool that is none')
  return { owner: Number(owner), ref: Number(ref), members: members as number[] | undefined, isCaching }
}
