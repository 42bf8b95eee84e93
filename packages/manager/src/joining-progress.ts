/** Says, while workers are waited for, what they wait for. */

import { monotonicMs, type WorkerExit } from '@dialback/protocol'
import type { LaunchedWorker } from './cluster-manager.ts'
import type { Logger } from './logger.ts'

/** What is looked at of a worker. */
export interface AwaitedWorker {
  readonly hasJoined: boolean
  readonly exit?: WorkerExit | undefined
  readonly isRemoved: boolean
  readonly launched?: Pick<LaunchedWorker, 'waitingFor'> | undefined
}

/** What is on its way is looked at so often, and told when it has changed. */
const intervalMs = 1_000
/** What every worker waits for a little is not worth a line at once. */
const usualMs = 5_000
const usual: ReadonlySet<string> = new Set(['Pending', 'ContainerCreating', 'PodInitializing'])

/** Logs for example `2 of 5 up; 3 pending: Unschedulable: 0/1 nodes are available`. The result ends that. */
export function tellWaiting(workers: readonly AwaitedWorker[], logger: Logger): () => void {
  const startedAt = monotonicMs()
  let told: string | undefined
  const timer = setInterval(() => {
    const waits = monotonicMs() - startedAt
    const now = describeWaiting(workers, (reason) => waits >= usualMs || !usual.has(reason))
    if (now !== undefined && now !== told) logger.info(now)
    told = now ?? told
  }, intervalMs)
  return () => clearInterval(timer)
}

/** Undefined when there is nothing to tell. `isTold`: whether a reason is worth telling. */
export function describeWaiting(
  workers: readonly AwaitedWorker[],
  isTold: (reason: string) => boolean = () => true,
): string | undefined {
  const up = workers.filter(({ hasJoined }) => hasJoined).length
  const pending = workers.filter(
    ({ hasJoined, exit, isRemoved }) => !hasJoined && !isRemoved && exit === undefined,
  )
  const counts = new Map<string, number>()
  for (const { launched } of pending) {
    const reason = launched?.waitingFor
    if (reason !== undefined && isTold(reason)) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  }
  if (counts.size === 0) return undefined
  const reasons = [...counts].toSorted((a, b) => b[1] - a[1]).map(([reason]) => reason)
  return `${up} of ${workers.length} up; ${pending.length} pending: ${reasons.join('; ')}`
}
