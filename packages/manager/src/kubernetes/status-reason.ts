/** Pure: the reason that a pod's status gives for its end as a whole → who is to blame and what to do. */

import type { Blame, WorkerExit } from '@dialback/protocol'
import type { V1PodStatus } from '@kubernetes/client-node'

interface Judgement {
  readonly blame: Blame
  readonly advice: string
}

const again = 'run what ran there again, as pmap does by itself'

const nodeWentDown: Judgement = { blame: 'infrastructure', advice: `Its node was shut down: ${again}` }
const neverRan: Judgement = {
  blame: 'infrastructure',
  advice: 'The node could not take the pod, which never ran: start another worker',
}

/** Source: kubelet pkg/kubelet/{eviction,nodeshutdown,preemption,lifecycle}, active_deadline.go. */
const judgements: Readonly<Record<string, Judgement>> = {
  // Those evicted because the node ran short have a DisruptionTarget too, and are judged by that.
  Evicted: {
    blame: 'item',
    advice: 'The pod used more local storage or memory than it may: give it more, or write and keep less',
  },
  Terminated: nodeWentDown,
  Shutdown: nodeWentDown,
  NodeShutdown: {
    ...neverRan,
    advice: 'Its node was shutting down, and the pod never ran: start another worker',
  },
  Preempting: { blame: 'infrastructure', advice: `The node needed the place for a critical pod: ${again}` },
  NodeLost: { blame: 'infrastructure', advice: `Its node does not answer any more: ${again}` },
  UnexpectedAdmissionError: neverRan,
  NodeAffinity: neverRan,
  DeadlineExceeded: {
    blame: 'configuration',
    advice:
      'The pod was given no longer than that (activeDeadlineSeconds): give it more time, or do less on one worker',
  },
}

/** `OutOfcpu`, `OutOfmemory`, `OutOfpods`: the node had less left than the scheduler thought. */
const outOf = /^OutOf/

export function statusReasonFacts({ reason, message }: V1PodStatus): WorkerExit | undefined {
  if (!reason) return undefined
  const judgement = judgements[reason] ?? (outOf.test(reason) ? neverRan : { blame: 'unknown' as const })
  const isNodeShort = reason === 'Evicted' && /node was low on|node had condition/i.test(message ?? '')
  return {
    reason,
    ...(message && { detail: message.trim() }),
    ...judgement,
    ...(isNodeShort && {
      blame: 'infrastructure' as const,
      advice: `The node ran short: ${again}; ask for as much as is used`,
    }),
  }
}
