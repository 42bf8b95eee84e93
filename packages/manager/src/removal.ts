/** Removes a worker: asks it, then terminates it, then kills it. */

import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import type { Logger } from './logger.ts'
import type { RemoteWorker } from './remote-worker.ts'
import type { Supervisor } from './supervisor.ts'

const stepMs = 5_000
/** So many are begun in one turn of the event loop. */
const atOnce = 8
/** After the first of them, so many ms pass between two such turns: each takes as long again when its connections close. */
const unpaced = 64
const pauseMs = 32

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

/**
 * Removes all, in their order, without waiting for one before the next is begun. Each keeps this thread busy for a moment, and
 * others are not to wait for all of them.
 */
export async function inTurns<T>(all: readonly T[], remove: (one: T) => Promise<void>): Promise<void> {
  const removals: Promise<void>[] = []
  for (let n = 0; n < all.length; n += atOnce) {
    if (n >= unpaced) await delay(pauseMs)
    else if (n > 0) await turn()
    removals.push(...all.slice(n, n + atOnce).map(remove))
  }
  await Promise.all(removals)
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
