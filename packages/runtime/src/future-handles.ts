/** How a `Future` travels: as a reference to where its value is. */

import type { HandleHooks } from './carrier.ts'
import { Future } from './future.ts'
import type { Peer } from './peer.ts'

export function futureHandles(peer: Peer): HandleHooks {
  /** Futures of this process that others know of: one that comes back is the same object. */
  const published = new Map<number, Future<unknown>>()
  return {
    describeHandle: (value) => {
      if (!(value instanceof Future)) return undefined
      void value.share()
      if (value.owner === peer.id && !published.has(value.ref)) {
        published.set(value.ref, value)
        peer.publish(value.ref, value.share())
      }
      return { tag: 'future', data: { owner: value.owner, ref: value.ref } }
    },
    reviveHandle: (tag, data) => {
      const { owner, ref } = (data ?? {}) as { owner?: unknown; ref?: unknown }
      if (tag !== 'future' || typeof owner !== 'number' || typeof ref !== 'number') {
        throw new TypeError(`Received an unknown handle: ${tag}`)
      }
      return published.get(ref) ?? referenceTo(peer, owner, ref)
    },
  }
}

function referenceTo(peer: Peer, owner: number, ref: number): Future<unknown> {
  let done: Promise<unknown> | undefined
  return new Future<unknown>(owner, ref, {
    // Only when somebody waits: most references are fetched, or passed on.
    get done() {
      done ??= peer.fetchQuietly(owner, ref, true)
      return done
    },
    load: () => peer.fetch(owner, ref, false),
    release: () => peer.release(owner, ref),
  })
}
