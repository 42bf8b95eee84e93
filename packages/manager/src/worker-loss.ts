/** Pure: what is told of the end of a worker, by what its place and the manager know of it. */

import type { ProtocolError, WorkerExit } from '@dialback/protocol'
import type { RemoteWorker } from './remote-worker.ts'

type Ending = Pick<RemoteWorker, 'isRemoved' | 'isLeaving' | 'launched'>
type Lost = Pick<RemoteWorker, 'isRemoved' | 'isSilent' | 'launched'>

/** What of an end is the manager's own doing, or was announced, is not what its place would take it for. */
export function lossOfWorker({ isRemoved, isLeaving, launched }: Ending, exit: WorkerExit): WorkerExit {
  const pod = launched?.pod
  // A silence says nothing about the pod: what is known of that completes it, or tells why.
  const word = exit.reason === 'Disconnected' && exit.status === undefined ? launched?.lastWord : undefined
  const known = { ...(pod && { pod }), ...exit, ...word }
  if (isRemoved) return removed(known)
  return isLeaving && isTakenAway(exit) ? { ...known, blame: 'infrastructure' } : known
}

/** Of a worker that was told to end and did not finish what ran in time. */
const terminatedCode = 143

/** It ended as whoever asked it to end meant it to: not by a crash of its own, nor at a limit that it was given. */
function isTakenAway({ blame, exitCode }: WorkerExit): boolean {
  return blame === 'unknown' || (blame === 'item' && (exitCode === 0 || exitCode === terminatedCode))
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

/** It sent what no worker may send. */
export function cutOffFor({ message }: ProtocolError): WorkerExit {
  return {
    reason: 'Disconnected',
    detail: `it broke the protocol: ${message}`,
    blame: 'infrastructure',
    advice: 'Something other than a worker of this version used its token, or changed what it sent',
  }
}

/** Whether what its place tells of a worker's end is news: it had been lost because it was silent, and nobody has removed it since. */
export function isLaterWord({ isRemoved, isSilent, launched }: Lost, word: WorkerExit): boolean {
  return isSilent && !isRemoved && launched?.silent !== undefined && word.blame !== 'requested'
}

/** The sentence for it. Where not even that says more than that it was silent, its detail tells what became of it. */
export function describeLaterWord(workerId: number, { pod, reason, detail }: WorkerExit): string {
  const who = `Worker ${workerId}${pod ? ` on pod ${pod.name}` : ''}, lost as Disconnected,`
  if (reason === 'Disconnected' && detail !== undefined) return `${who} ${detail}`
  return `${who} ended with: ${reason}${detail ? ` (${detail})` : ''}`
}

function removed(exit: WorkerExit): WorkerExit {
  const { detail: _, ...facts } = exit
  return { ...facts, reason: 'Removed', blame: 'requested' }
}
