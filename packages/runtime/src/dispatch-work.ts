/** The seam between what keeps workers busy and what knows of items. */

import type { WorkerTerminatedError } from '@dialback/protocol'
import type { Batch } from './batch.ts'
import type { StartedCall } from './caller.ts'

/** Where batches come from, and who is told how they end. */
export interface DispatchWork {
  /** The next batch for a worker that is idle or (`isAhead`) to wait behind the one that runs there. */
  next(workerId: number, isAhead: boolean): Batch | undefined
  /** How many threads of a worker are to be kept busy. */
  threadsOf(workerId: number): number
  /** Undefined when the worker is gone. */
  call(batch: Batch, workerId: number, thread: number): StartedCall | undefined
  /** What a batch took, before `onValue` is told of it; `isFirst`: the worker has answered nothing before. */
  onMeasured(batch: Batch, ms: number, isFirst: boolean): void
  onValue(batch: Batch, value: unknown, workerId: number): void
  onError(batch: Batch, error: unknown, workerId: number): void
  /** The batch was taken back before it ran. */
  onRecalled(batch: Batch): void
  /**
   * Its worker is gone (`loss`, when it had been sent) and the batch is not known to have been its end: it waited behind
   * another one, was one of several any of which may have run, or was not even sent.
   */
  onSpared(batch: Batch, loss?: WorkerTerminatedError): void
}
