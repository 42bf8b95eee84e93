/** Pure: what became of the pod that was tried → what it means for scheduling, image and clock. */

import type { V1Pod } from '@kubernetes/client-node'
import { condition, containerStatus, hasEnded } from '../../kubernetes/pod-facts.ts'
import { workerContainer } from '../../kubernetes/pod-manifest.ts'
import { podWaiting } from '../../kubernetes/pod-waiting.ts'
import { recordOf } from '../../kubernetes/untyped.ts'
import type { Finding } from './finding.ts'

export interface PodFacts {
  /** As it was seen last. */
  readonly pod: V1Pod
  /** By this machine's clock, in ms since the epoch: before it was made, and after its end was seen. */
  readonly startedAt: number
  readonly endedAt: number
  /** How long it was waited for. */
  readonly timeoutMs: number
  readonly image: string
}

/** Times in logs and in the cluster's objects tell a wrong story then. */
const maxSkewMs = 10_000

/**
 * Whether its container has ended, though others that the cluster added may run on, or cannot start. Some that cannot be pulled are
 * tried again by the node, but here not.
 */
export function isKnown(pod: V1Pod): boolean {
  const { isPermanent, reason } = podWaiting(pod)
  if (hasEnded(pod) || isPermanent || reason === 'ErrImagePull' || reason === 'ImagePullBackOff') return true
  return containerStatus(pod, workerContainer)?.state?.terminated !== undefined
}

export function podFindings(facts: PodFacts): readonly Finding[] {
  const { pod } = facts
  const node = pod.spec?.nodeName
  if (node === undefined) return [unscheduled(facts), notTried('image'), notTried('clock')]
  const scheduling: Finding = { check: 'scheduling', status: 'ok', message: `there is room on node ${node}` }
  const report = reportOf(pod)
  if (report === undefined) return [scheduling, badImage(facts), notTried('clock')]
  return [scheduling, image(facts, report), clock(facts, report.now)]
}

interface Report {
  readonly now: number
  readonly node: string
  readonly hasAgent: boolean
}

function unscheduled({ pod, timeoutMs }: PodFacts): Finding {
  const message = condition(pod, 'PodScheduled', 'False')?.message ?? podWaiting(pod).message
  const container = pod.spec?.containers.find(({ name }) => name === workerContainer)
  const { cpu, memory } = container?.resources?.requests ?? {}
  return {
    check: 'scheduling',
    status: 'failed',
    message: `no node took a worker of ${cpu} CPU and ${memory} within ${timeoutMs / 1_000} s${message === undefined ? '' : `: ${message}`}`,
    advice: 'Ask for less with --cpu and --memory, free some, or add a node',
  }
}

function badImage({ pod, image: name, timeoutMs }: PodFacts): Finding {
  const { reason, message } = podWaiting(pod)
  const terminated = containerStatus(pod, workerContainer)?.state?.terminated
  const why = [terminated?.reason ?? reason, terminated?.message ?? message].filter(Boolean).join(': ')
  return {
    check: 'image',
    status: 'failed',
    message:
      why === ''
        ? `"${name}" did not run within ${timeoutMs / 1_000} s`
        : `"${name}" does not run there: ${why.trim()}`,
    advice:
      terminated === undefined
        ? 'Build it and bring it to the nodes or to a registry that they reach (docs/kubernetes.md), name another one with --image, or give the nodes longer with --timeout'
        : 'It has to be an image of dialback, or one made FROM it; --image names another one',
  }
}

function image({ image: name }: PodFacts, { node, hasAgent }: Report): Finding {
  if (hasAgent) return { check: 'image', status: 'ok', message: `"${name}" runs, with Node.js ${node}` }
  return {
    check: 'image',
    status: 'failed',
    message: `"${name}" has Node.js ${node}, but not the program of a worker`,
    advice: 'It has to be an image of dialback, or one made FROM it; --image names another one',
  }
}

function clock({ pod, startedAt, endedAt }: PodFacts, now: number): Finding {
  const skewMs = Math.max(startedAt - now, now - endedAt, 0)
  const node = pod.spec?.nodeName
  if (skewMs <= maxSkewMs)
    return {
      check: 'clock',
      status: 'ok',
      message: `that of node ${node} agrees with this machine's, to within ${Math.ceil((skewMs + endedAt - startedAt) / 1_000)} s`,
    }
  return {
    check: 'clock',
    status: 'failed',
    message: `that of node ${node} is ${Math.round(skewMs / 1_000)} s ${now < startedAt ? 'behind' : 'ahead of'} this machine's`,
    advice: 'Set both by NTP. If it is behind by a day workers refuse the certificate of this manager',
  }
}

/** What the pod has written, if it got so far. */
function reportOf(pod: V1Pod): Report | undefined {
  const { exitCode, message } = containerStatus(pod, workerContainer)?.state?.terminated ?? {}
  if (exitCode !== 0 || message === undefined) return undefined
  try {
    const report = recordOf(JSON.parse(message))
    const { now, node, hasAgent } = report ?? {}
    if (typeof now !== 'number' || typeof node !== 'string') return undefined
    return { now, node, hasAgent: hasAgent === true }
  } catch {
    // Another program ran than was asked for.
    return undefined
  }
}

function notTried(check: 'image' | 'clock'): Finding {
  return { check, status: 'note', message: 'not looked at: nothing ran there' }
}
