/**
 * The peer that the verbs without a cluster of their own work over: within a call that of its cluster, else the default
 * cluster's, or a worker thread's.
 */

import { runningCall } from './call-context.ts'
import type { Peer } from './peer.ts'

let provide: (() => Peer) | undefined
let current: Peer | undefined

/** Sets what makes the peer when a verb first needs it. */
export function providePeer(make: () => Peer): void {
  provide = make
}

export function setCurrentPeer(peer: Peer): void {
  current = peer
}

/** @throws {Error} where there is neither a cluster nor a worker. */
export function currentPeer(): Peer {
  const own = runningCall.getStore()?.peer
  if (own !== undefined) return own
  current ??= provide?.()
  if (current === undefined) throw new Error('No cluster: import from @dialback/manager')
  return current
}
