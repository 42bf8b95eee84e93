/** Pure: how our container ended → the reason, who is to blame, and what to do. */

import type { Blame, WorkerExit } from '@dialback/protocol'
import type { V1ContainerStateTerminated } from '@kubernetes/client-node'
import { exitDetail, tellsHeapOutOfMemory, tellsLostManager } from '../crash-text.ts'

export interface ContainerFacts {
  /** The last lines that it wrote. */
  readonly lines: readonly string[]
  /** As the manifest has it, for example `300Mi`. */
  readonly memoryLimit: string | undefined
}

export function terminatedExit(terminated: V1ContainerStateTerminated, facts: ContainerFacts): WorkerExit {
  const { reason = 'Unknown', exitCode } = terminated
  switch (reason) {
    case 'OOMKilled':
      return outOfMemory(exitCode, facts)
    case 'ContainerStatusUnknown':
      return lostTrackOf(terminated)
    case 'StartError':
    case 'ContainerCannotRun':
      return notStarted(reason, terminated)
    case 'Completed':
      return {
        reason,
        detail: `exit code ${exitCode}`,
        exitCode,
        blame: 'item',
        advice: 'Something that ran there ended the process (process.exit): let it return instead',
      }
    default:
      return isHeapOutOfMemory(exitCode, facts.lines)
        ? heapOutOfMemory(exitCode, facts)
        : failed(reason, exitCode, facts)
  }
}

function outOfMemory(exitCode: number, { memoryLimit }: ContainerFacts): WorkerExit {
  const detail = `exit code ${exitCode}, ${memoryLimit === undefined ? 'no memory limit' : `memory limit ${memoryLimit}`}`
  const facts = { reason: 'OOMKilled', detail, ...codeFacts(exitCode) }
  if (exitCode === 143) {
    // The kernel's counter is never set back: at some time something was killed there, and this end came from elsewhere.
    return {
      ...facts,
      blame: 'unknown',
      advice: 'Something in it was once killed for memory, and later it was asked to end',
    }
  }
  if (memoryLimit === undefined)
    return {
      ...facts,
      blame: 'infrastructure',
      advice: 'Set a memory limit: without one it was the node that ran out of memory',
    }
  const who = exitCode === 137 ? 'The worker' : 'A process that the worker had started'
  return {
    ...facts,
    blame: 'item',
    advice: `${who} needed more than ${memoryLimit}: give workers more (option memory), or less to do at once`,
  }
}

/** The kubelet makes the exit code 137 up: nothing is known about a SIGKILL. */
function lostTrackOf({ message }: V1ContainerStateTerminated): WorkerExit {
  return {
    reason: 'ContainerStatusUnknown',
    detail: message?.trim() || 'the container could not be located when the pod was terminated',
    blame: 'infrastructure',
    advice: 'The node lost the container, as after a restart of the machine: run what ran there again',
  }
}

function notStarted(reason: string, { exitCode, message }: V1ContainerStateTerminated): WorkerExit {
  // The last part of the runtime's chain of errors is the one about our command.
  const why = message
    ?.trim()
    .replace(/^.*unable to start container process: /s, '')
    .replace(/: unknown$/, '')
  return {
    reason,
    detail: why ? `exit code ${exitCode}: ${why}` : `exit code ${exitCode}`,
    exitCode,
    blame: 'configuration',
    advice:
      'The image has no such command, or it may not be run: look at the image, and at what configure changed',
  }
}

/** As the container's first process V8's abort is a segmentation fault: such a process cannot abort itself. */
const abortCodes: ReadonlySet<number> = new Set([132, 133, 134, 139])

function isHeapOutOfMemory(exitCode: number, lines: readonly string[]): boolean {
  return abortCodes.has(exitCode) && tellsHeapOutOfMemory(lines)
}

function heapOutOfMemory(exitCode: number, { memoryLimit }: ContainerFacts): WorkerExit {
  return {
    reason: 'HeapOutOfMemory',
    detail: `exit code ${exitCode}${memoryLimit === undefined ? '' : `, memory limit ${memoryLimit}`}`,
    ...codeFacts(exitCode),
    blame: 'item',
    advice: "V8's heap was full: give workers more memory (option memory), or less to do at once",
  }
}

function failed(reason: string, exitCode: number, { lines }: ContainerFacts): WorkerExit {
  return {
    reason,
    detail: exitCode > 128 ? `exit code ${exitCode}` : exitDetail(exitCode, lines),
    ...codeFacts(exitCode),
    ...(tellsLostManager(exitCode, lines) ? lostManager : judge(exitCode)),
  }
}

/** It gives up a moment before its manager does. */
const lostManager = {
  blame: 'infrastructure',
  advice: 'The network between the worker and the manager was broken, or the manager busy, for too long',
} as const

function judge(exitCode: number): { readonly blame: Blame; readonly advice: string } {
  switch (exitCode) {
    case 126:
    case 127:
      return {
        blame: 'configuration',
        advice: 'The command cannot be run or found: look at the image, and at what configure changed',
      }
    case 137:
      return {
        blame: 'unknown',
        advice: 'Something killed the process from outside, be it the node for want of memory',
      }
    case 130:
    case 143:
      return { blame: 'unknown', advice: 'Something outside asked the process to end' }
    default:
      return { blame: 'item', advice: 'What ran there ended the process: its last lines tell more' }
  }
}

function codeFacts(exitCode: number): Pick<WorkerExit, 'exitCode' | 'signal'> {
  const signal = signalOf(exitCode)
  return { exitCode, ...(signal !== undefined && { signal }) }
}

/** A process that a signal ended has 128 and its number as exit code. */
function signalOf(exitCode: number): string | undefined {
  return Object.entries(signals).find(([, number]) => exitCode === 128 + number)?.[0]
}

/** Of Linux, where containers run, whatever this process runs on. */
const signals: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
}
