/** A script with many workers, which says how long things took and what they cost it; a program of its own. */

import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster, K8sClusterManager } from '@dialback/manager'
import { fakeNode } from './kwok.ts'
import { TurnWatch } from './turn-watch.ts'

export interface Figures {
  readonly joined: number
  readonly joinedMs: number
  /** The longest that the event loop was blocked: while modules were loaded, and while they joined, idled, were removed. */
  readonly blockedLoadingMs: number
  readonly blockedJoiningMs: number
  readonly blockedIdleMs: number
  readonly blockedRemovingMs: number
  /** Of one core, while all are idle. */
  readonly idleCpuPercent: number
  readonly peakMemoryMiB: number
  readonly removedMs: number
  readonly warnings: readonly string[]
}

const idleMs = 10_000

const [namespace = '', advertise = '', pods = '0'] = process.argv.slice(2)
const warnings: string[] = []
const warn = (line: string): void => void warnings.push(line)
const turns = new TurnWatch()
const blockedMs = (): number => turns.longestMs()
let blockedLoadingMs: number | undefined
const info = (): void => {
  // The first is up.
  blockedLoadingMs ??= blockedMs()
}
const cluster = new Cluster({ logger: { debug() {}, info, warn, error: warn } })

const startedAt = performance.now()
const ids = await cluster.addProcs(
  new K8sClusterManager(Number(pods), {
    namespace,
    cpu: 0.1,
    memory: '200Mi',
    pendingTimeout: 300,
    connection: 'direct',
    advertise,
    configure: (pod) => {
      if (pod.spec === undefined) return pod
      pod.spec.nodeSelector = { [fakeNode.key]: fakeNode.value }
      pod.spec.tolerations = [{ ...fakeNode, operator: 'Equal', effect: 'NoSchedule' }]
      return pod
    },
  }),
)
const joinedMs = performance.now() - startedAt
const blockedJoiningMs = blockedMs()
const usageBefore = process.cpuUsage()
await sleep(idleMs)
const { user, system } = process.cpuUsage(usageBefore)
const blockedIdleMs = blockedMs()
const removingAt = performance.now()
await cluster.rmProcs(ids)
const figures: Figures = {
  joined: ids.length,
  joinedMs,
  blockedLoadingMs: blockedLoadingMs ?? 0,
  blockedJoiningMs,
  blockedIdleMs,
  blockedRemovingMs: blockedMs(),
  idleCpuPercent: (user + system) / 10 / idleMs,
  peakMemoryMiB: process.resourceUsage().maxRSS / 1_024,
  removedMs: performance.now() - removingAt,
  warnings,
}
process.stdout.write(`${JSON.stringify(figures)}\n`)
