/** Pure: how a local process ended → the reason, who is to blame, and what to do. */

import type { WorkerExit } from '@dialback/protocol'
import { exitDetail, tellsHeapOutOfMemory } from '../crash-text.ts'

export interface ProcessEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The process could not be started. */
  readonly error?: Error
  /** What it wrote last, oldest first. */
  readonly lines?: readonly string[]
}

export function localExit({ code, signal, error, lines = [] }: ProcessEnd): WorkerExit {
  const logs = [...lines]
  if (error !== undefined)
    return { reason: 'StartError', detail: error.message, blame: 'configuration', logs }
  const facts = { logs, ...(code !== null && { exitCode: code }), ...(signal !== null && { signal }) }
  const detail = signal === null ? `exit code ${code}` : signal
  if (isHeapOutOfMemory(code, signal, logs)) {
    const advice =
      "Raise the heap's limit (execArgv: ['--max-old-space-size=…'], in MiB), or give the worker less at once"
    return { reason: 'HeapOutOfMemory', detail, blame: 'item', advice, ...facts }
  }
  // Somebody or something outside killed it, be it the kernel for want of memory: the item may be the cause.
  if (signal !== null) return { reason: 'Killed', detail, blame: 'unknown', ...facts }
  return {
    reason: 'Exited',
    detail: code === null ? detail : exitDetail(code, logs),
    blame: 'item',
    ...facts,
  }
}

function isHeapOutOfMemory(
  code: number | null,
  signal: NodeJS.Signals | null,
  lines: readonly string[],
): boolean {
  const isAbort = signal === 'SIGABRT' || signal === 'SIGTRAP' || signal === 'SIGILL' || code === 134
  return isAbort && tellsHeapOutOfMemory(lines)
}
