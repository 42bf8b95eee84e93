/** Removes a worker: asks it, then terminates it, then kills it. */

import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from './logger.ts'
import type { RemoteWorker } from './remote-worker.ts'
import type { Supervisor } from './supervisor.ts'

const stepMs = 5_000

/** Resolves when nothing of the worker is left. What runs there rejects at once. */
export async function removeWorker(
  supervisor: Supervisor,
  worker: RemoteWorker,
  logger: Logger,
): Promise<void> {
  const { launched } = worker
  worker.isRemoved = true
  worker.sayGoodbye('removed')
  const isAsked = worker.control !== undefined
  // Its calls need not wait for the process: why they end is known.
  if (worker.hasJoined) supervisor.lose(worker, { reason: 'Removed', blame: 'requested' })
  if (launched === undefined) return
  launched.hold(true)
  // It is deaf, and on its way out already: only its last word was still to come.
  if (worker.isSilent) {
    launched.end('kill')
    await launched.exited
    return await launched.gone
  }
  if (isAsked) launched.leaving?.()
  else launched.end('terminate')
  if (await endsWithin(launched.exited, stepMs)) return await launched.gone
  logger.warn(`${worker.name} did not end when asked: terminating it`)
  launched.end('terminate')
  if (await endsWithin(launched.exited, stepMs)) return await launched.gone
  logger.warn(`${worker.name} did not end when terminated: killing it`)
  launched.end('kill')
  await launched.exited
  await launched.gone
}

async function endsWithin(exited: Promise<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController()
  const isOver = await Promise.race([
    exited.then(() => true),
    delay(ms, false, { signal: timer.signal }).catch(() => false),
  ])
  timer.abort()
  return isOver
}
