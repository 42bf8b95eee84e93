/** Decides whether a failed item is run again. */

import { RemoteError, ThreadReplacedError, WorkerTerminatedError } from '@dialback/protocol'
import type { ItemHistory } from './batch.ts'
import type { ItemError, ResolvedOptions } from './collection-options.ts'
import { verdict } from './retry.ts'

/**
 * Notes a failure of an item in its history and gives how long to wait before it is run again, in ms;
 * undefined when it is not. That its worker was taken away is not held against an item, up to `workerLosses`
 * times.
 *
 * @throws what `retryCheck` throws.
 */
export function waitBeforeNextAttempt(
  history: ItemHistory,
  error: ItemError,
  options: Pick<ResolvedOptions, 'delaysMs' | 'retryCheck' | 'workerLosses'>,
): number | undefined {
  if (wasTakenAway(error) && history.losses < options.workerLosses) {
    history.losses++
    return 0
  }
  const attempt = ++history.attempts
  const waitMs = options.delaysMs[attempt - 1]
  if (waitMs === undefined || options.retryCheck === undefined) return waitMs
  const { item, index } = history
  return verdict(options.retryCheck(error, { attempt, item, index }), 'retryCheck') ? waitMs : undefined
}

/**
 * Whether somebody else than the item ended the worker: the machines (preempted, evicted, node lost), or a
 * caller of `rmProcs`; or its thread: whoever cancelled another call there, which did not yield.
 */
export function wasTakenAway(error: unknown): boolean {
  if (error instanceof RemoteError) return error.cause instanceof ThreadReplacedError
  return (
    error instanceof WorkerTerminatedError &&
    (error.blame === 'infrastructure' || error.blame === 'requested')
  )
}
