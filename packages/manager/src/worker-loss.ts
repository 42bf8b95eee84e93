/** Pure: what is told of the end of a worker, by what its place and the manager know of it. */

import type { WorkerExit } from '@dialback/protocol'
import type { RemoteWorker } from './remote-worker.ts'

type Ending = Pick<RemoteWorker, 'isRemoved' | 'isLeaving' | 'launched'>

/** What of an end is the manager's own doing, or was announced, is not what its place would take it for. */
export function lossOfWorker({ isRemoved, isLeaving, launched }: Ending, exit: WorkerExit): WorkerExit {
  const pod = launched?.pod
  const known = { ...(pod && { pod }), ...exit }
  if (isRemoved) return removed(known)
  return isLeaving && exit.blame !== 'requested' ? { ...known, blame: 'infrastructure' } : known
}

/** It has said nothing for so long. */
export function disconnectedFor(silenceLimitMs: number): WorkerExit {
  return {
    reason: 'Disconnected',
    detail: `silent for ${silenceLimitMs / 1_000} s`,
    blame: 'infrastructure',
    advice:
      'The process hung, or the network between it and the manager is broken; what ran there may still be running',
  }
}

function removed(exit: WorkerExit): WorkerExit {
  const { detail: _, ...facts } = exit
  return { ...facts, reason: 'Removed', blame: 'requested' }
}
