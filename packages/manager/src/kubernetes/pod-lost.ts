/** Pure: why a worker is gone whose pod never told how it ended. */

import type { WorkerExit } from '@dialback/protocol'
import type { V1Pod } from '@kubernetes/client-node'
import { tellsLostManager } from '../crash-text.ts'
import { deleted, disruption, type PodExitOptions, podExit } from './pod-exit.ts'
import { condition, containerStatus, podIdentity } from './pod-facts.ts'

/**
 * - `deleted`: the pod is not there any more.
 * - `unreachable`: the API server could not be asked.
 * - `unfinished`: its status never became final.
 */
export type PodLoss = 'deleted' | 'unreachable' | 'unfinished'

/** @param last the pod as it was last seen, if ever */
export function lostPodExit(loss: PodLoss, last: V1Pod | undefined, options: PodExitOptions): WorkerExit {
  const known = last === undefined ? undefined : podExit(last, options)
  if (known !== undefined) return known
  const { lines = [] } = options
  return {
    ...((last && disruption(last)) ?? verdict(loss, last)),
    ...(last !== undefined && { pod: podIdentity(last), status: last.status }),
    ...(lines.length > 0 && { logs: lines }),
  }
}

/** What is known of a pod whose worker has said nothing for too long; it may still be running. */
export function silentPodWord(pod: V1Pod, options: PodExitOptions): Partial<WorkerExit> {
  const { lines = [] } = options
  const announced = podExit(pod, options) ?? disruption(pod) ?? (isNodeSilent(pod) ? nodeSilent(pod) : {})
  const facts = { pod: podIdentity(pod), status: pod.status, ...(lines.length > 0 && { logs: lines }) }
  return { ...facts, ...announced }
}

/**
 * How a pod ended whose worker had said nothing for too long, and which its manager had then deleted: a stop by that says
 * nothing about the silence.
 */
export function silentPodExit(exit: WorkerExit, pod: V1Pod | undefined, options: PodExitOptions): WorkerExit {
  if (exit.reason === 'Unknown' || (exit.reason === 'Deleted' && exit.exitCode === undefined))
    return { ...exit, ...silence, detail: `did not tell how it ended: ${exit.detail}` }
  const own = exit.reason === 'Deleted' && pod ? endBeforeDeletion(pod, options) : exit
  if (own === undefined) return { ...exit, ...silence, detail: 'ran until its pod was deleted' }
  const isOrphan = tellsLostManager(own.exitCode, own.logs ?? [])
  return isOrphan ? { ...own, ...silence, detail: 'had lost its manager, and ended by itself' } : own
}

const silence = {
  reason: 'Disconnected',
  blame: 'infrastructure',
  advice: 'The process hung, its node did, or the network between it and the manager was broken',
} as const

/** Deletion is told by the API server's clock, the end by the node's; the silence before it took longer than this. */
const mostSkewMs = 5_000

function endBeforeDeletion({ metadata, ...pod }: V1Pod, options: PodExitOptions): WorkerExit | undefined {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, ...kept } = metadata ?? {}
  const { finishedAt } = containerStatus(pod, options.container)?.state?.terminated ?? {}
  if (deletionTimestamp === undefined || finishedAt === undefined) return undefined
  // Texts, although they are declared to be Dates.
  const deletedAt = Date.parse(String(deletionTimestamp)) - deletionGracePeriodSeconds * 1_000
  const hadEnded = Date.parse(String(finishedAt)) + mostSkewMs < deletedAt
  return hadEnded ? podExit({ metadata: kept, ...pod }, options) : undefined
}

function verdict(loss: PodLoss, last: V1Pod | undefined): WorkerExit {
  const seen = last === undefined ? 'never seen' : `last seen ${last.status?.phase ?? 'without a status'}`
  switch (loss) {
    case 'deleted':
      return { ...deleted, detail: `the pod is gone, ${seen}` }
    case 'unreachable':
      return {
        reason: 'Unknown',
        detail: `the API server does not answer, the pod was ${seen}`,
        blame: 'infrastructure',
        advice: 'Look whether the cluster is reachable; the worker itself is lost either way',
      }
    case 'unfinished':
      return last !== undefined && isNodeSilent(last)
        ? nodeSilent(last)
        : {
            reason: 'Disconnected',
            detail: `the pod's status did not become final, ${seen}`,
            blame: 'infrastructure',
            advice:
              'The network between the worker and the manager is broken, or its node hangs; what ran there may still be running',
          }
  }
}

/** The node controller says so some 40 s after the last sign of its kubelet. */
function isNodeSilent(pod: V1Pod): boolean {
  return condition(pod, 'Ready', 'False')?.reason === 'NodeNotReady' || pod.status?.reason === 'NodeLost'
}

function nodeSilent(pod: V1Pod): WorkerExit {
  return {
    reason: 'Disconnected',
    detail: `its node ${pod.spec?.nodeName ?? ''} does not answer any more`,
    blame: 'infrastructure',
    advice: 'Look at the node; what ran there may still be running',
  }
}
