/** Which cluster a peer of this process belongs to, for functions that are called without one. */

import type { Peer } from '@dialback/runtime'
import type { Cluster } from './cluster.ts'

export const clusterOfPeer: WeakMap<Peer, Cluster> = new WeakMap<Peer, Cluster>()
