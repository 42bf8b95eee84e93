/** Pure: how a submitted script has ended → the exit code, and what is to be said of it. */

import type { WorkerExit } from '@dialback/protocol'
import type { V1Job, V1Pod } from '@kubernetes/client-node'
import { podExit } from '../kubernetes/pod-exit.ts'
import { isCancelled, jobOutcome } from './job-state.ts'
import { managerContainer } from './submission-job.ts'

export interface SubmissionEnd {
  readonly exitCode: number
  /** Undefined when the script has said it all. */
  readonly sentence?: string
}

/** 128 and the number of SIGTERM: the pod may be gone before anybody has seen how it ended. */
const cancelledCode = 143

/**
 * @param job undefined when it is gone
 * @param pod the last that ran the script, as it was seen last
 * @param lines the last that it wrote
 */
export function submissionEnd(
  job: V1Job | undefined,
  pod: V1Pod | undefined,
  lines: readonly string[],
): SubmissionEnd {
  const exit = pod && podExit(pod, { container: managerContainer, lines })
  // Its time to live may be over before anybody has looked.
  if (job === undefined)
    return exit?.reason === 'Completed' ? { exitCode: 0 } : endOf(exit, pod, 'its Job was deleted')
  if (isCancelled(job)) return { exitCode: cancelledCode, sentence: 'It was cancelled' }
  return endOfJob(job, pod, exit)
}

function endOfJob(job: V1Job, pod: V1Pod | undefined, exit: WorkerExit | undefined): SubmissionEnd {
  const outcome = jobOutcome(job)
  if (outcome?.isGood) return { exitCode: 0 }
  const detail = outcome?.detail ?? 'its pod is gone'
  // The Job counts the pods that it has lost.
  if (pod === undefined && job.status?.failed)
    return { exitCode: 1, sentence: `How it ended is not known without its pod: ${detail}` }
  return endOf(exit, pod, detail)
}

/** @param otherwise why there is no end of a script */
function endOf(exit: WorkerExit | undefined, pod: V1Pod | undefined, otherwise: string): SubmissionEnd {
  if (exit === undefined)
    return {
      exitCode: 1,
      sentence: `It ${pod === undefined ? 'never ran' : 'did not end by itself'}: ${otherwise}`,
    }
  if (isOwn(exit)) return { exitCode: codeOf(exit) }
  const detail = exit.detail === undefined ? '' : ` (${exit.detail})`
  return {
    exitCode: codeOf(exit),
    sentence: `The manager, pod ${pod?.metadata?.name}, was terminated due to: ${exit.reason}${detail}${advice(exit)}`,
  }
}

/** It ended by itself, with a code of its own. */
function isOwn({ reason, exitCode = 0 }: WorkerExit): boolean {
  return reason === 'Completed' || (reason === 'Error' && exitCode > 0 && exitCode <= 128)
}

/** What ended without success has no 0. */
function codeOf(exit: WorkerExit | undefined): number {
  // 0 included.
  return exit?.exitCode || 1
}

/** Those of a worker's end speak of workers, and of `pmap`, which runs their work again, but not a manager's. */
function advice({ reason, blame, advice: general }: WorkerExit): string {
  switch (reason) {
    case 'OOMKilled':
      return '\nIt needed more memory than it may have: give it more (--memory), or less to keep'
    case 'HeapOutOfMemory':
      return "\nV8's heap was full, which is three quarters of its memory: give it more (--memory), or less to keep"
    case 'Deleted':
      return '\nSomebody or something deleted its pod: submit it again'
    default:
      if (blame === 'infrastructure') return '\nThe cluster ended it, not the script: submit it again'
      return general === undefined ? '' : `\n${general}`
  }
}
