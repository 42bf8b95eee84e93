/** What comes back of a batch, read on the caller's side. */

import { ProtocolError, RemoteError } from '@dialback/protocol'
import type { BatchOutcome } from './caller.ts'

/** @throws {ProtocolError} when `value` is not what a worker answers a batch with. */
export function batchOutcome(workerId: number, value: unknown): BatchOutcome {
  if (!isOutcome(value))
    throw new ProtocolError(`Received a result from worker ${workerId} that is no batch's`)
  const [values, failures] = value
  return {
    values,
    failures: failures.map(([position, kind, thrown]) => [
      position,
      kind === 'failed' && thrown instanceof Error ? thrown : new RemoteError(workerId, thrown),
    ]),
  }
}

type WireOutcome = [values: unknown[], failures: [position: number, kind: string, thrown: unknown][]]

function isOutcome(value: unknown): value is WireOutcome {
  return Array.isArray(value) && Array.isArray(value[0]) && Array.isArray(value[1])
}
