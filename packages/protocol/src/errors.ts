/** Every error class of dialback: what a caller may want to catch, each with a stable `code` and the facts as fields. */

import { textOfValue } from './text-of-value.ts'

/** Who caused the end of a worker: what ran on it, the machines, the set-up, or a caller that asked for it. */
export type Blame = 'item' | 'infrastructure' | 'configuration' | 'requested' | 'unknown'

/** Where a worker's pod was. */
export interface PodIdentity {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly node?: string
}

/** What is known about the end of a worker. */
export interface WorkerExit {
  /** Kubernetes' own word where there is one, else `HeapOutOfMemory`, `Exited`, `Killed`, `Disconnected`, `Removed`, `Deleted` or `Unknown`. */
  readonly reason: string
  /** The words in brackets after the reason, for example `exit code 137, memory limit 300Mi`. */
  readonly detail?: string
  readonly exitCode?: number
  readonly signal?: string
  readonly blame: Blame
  /** What to do about it, one sentence. */
  readonly advice?: string
  readonly pod?: PodIdentity
  /** The pod's status as the API server gave it. */
  readonly status?: unknown
  /** The last lines that the worker wrote. */
  readonly logs?: readonly string[]
  /** What happened to the worker and when (`at`: ms since the epoch), oldest first. */
  readonly timeline?: readonly TimelineEntry[]
}

export interface TimelineEntry {
  readonly at: number
  readonly event: string
}

/** What every error of dialback is an instance of. */
export abstract class DialbackError extends Error {
  /** Names the kind of failure; never changes between versions. */
  abstract readonly code: string
}

/**
 * The function that was called threw; `cause` is what it threw, be it an `Error` or any other value. Its stack is that of the
 * cause, for what leads to the rejection here is only what receives answers.
 */
export class RemoteError extends DialbackError {
  override readonly name = 'RemoteError'
  readonly code = 'REMOTE'
  readonly workerId: number

  constructor(workerId: number, thrown: unknown) {
    super(`On worker ${workerId}: ${describeThrown(thrown)}`, { cause: thrown })
    this.workerId = workerId
    const frames = framesOf(thrown)
    const head = `${this.name}: ${this.message}`
    this.stack = frames === undefined ? head : `${head}\n${frames}`
  }
}

/** The worker went away before it answered. */
export class WorkerTerminatedError extends DialbackError {
  override readonly name = 'WorkerTerminatedError'
  readonly code = 'WORKER_TERMINATED'
  readonly workerId: number
  readonly reason: string
  readonly exitCode: number | undefined
  readonly signal: string | undefined
  readonly blame: Blame
  readonly advice: string | undefined
  readonly pod: PodIdentity | undefined
  readonly status: unknown
  readonly logs: readonly string[]
  readonly timeline: readonly TimelineEntry[]

  constructor(workerId: number, exit: WorkerExit) {
    super(describeExit(workerId, exit))
    this.workerId = workerId
    this.reason = exit.reason
    this.exitCode = exit.exitCode
    this.signal = exit.signal
    this.blame = exit.blame
    this.advice = exit.advice
    this.pod = exit.pod
    this.status = exit.status
    this.logs = exit.logs ?? []
    this.timeline = exit.timeline ?? []
  }
}

/** A value or function cannot travel; nothing was sent. `path` leads to it, for example `fn › captured "db" › .socket`. */
export class SerializationError extends DialbackError {
  override readonly name = 'SerializationError'
  readonly code = 'SERIALIZATION'
  readonly path: string

  constructor(path: string, what: string, options?: ErrorOptions) {
    super(`Cannot send ${path}: ${what}`, options)
    this.path = path
  }
}

/** One worker that did not make it into the cluster. */
export interface LaunchFailure {
  readonly name: string
  readonly message: string
  readonly exit?: WorkerExit
}

/** Fewer workers joined than were needed, or none could be asked for. */
export class LaunchError extends DialbackError {
  override readonly name = 'LaunchError'
  readonly code = 'LAUNCH'
  readonly failures: readonly LaunchFailure[]

  constructor(message: string, failures: readonly LaunchFailure[], options?: ErrorOptions) {
    super(message, options)
    this.failures = failures
  }
}

/** What is wrong with a journal. */
export type JournalProblem =
  /** It has results of another function, or of this one before it changed. */
  | 'changed'
  /** Another process has it. */
  | 'locked'
  /** The file is no journal. */
  | 'foreign'
  | 'unreadable'
  | 'unwritable'
  /** A result, or what names an item, is more than plain data. */
  | 'unstorable'
  /** A worker was to keep it. */
  | 'misplaced'

/** The journal of a `pmap` or `imap` cannot be used. */
export class JournalError extends DialbackError {
  override readonly name = 'JournalError'
  readonly code = 'JOURNAL'
  readonly file: string
  readonly problem: JournalProblem

  constructor(file: string, problem: JournalProblem, message: string, options?: ErrorOptions) {
    super(message, options)
    this.file = file
    this.problem = problem
  }
}

/** A peer sent something that the protocol does not allow. */
export class ProtocolError extends DialbackError {
  override readonly name = 'ProtocolError'
  readonly code = 'PROTOCOL'
}

/** A peer has no right to connect. */
export class AuthenticationError extends DialbackError {
  override readonly name = 'AuthenticationError'
  readonly code = 'AUTHENTICATION'
}

/** A peer speaks another version of the protocol. */
export class VersionMismatchError extends DialbackError {
  override readonly name = 'VersionMismatchError'
  readonly code = 'VERSION_MISMATCH'
}

/** Something was to be put into a channel that is closed, or taken from one that is closed and has nothing left. */
export class ChannelClosedError extends DialbackError {
  override readonly name = 'ChannelClosedError'
  readonly code = 'CHANNEL_CLOSED'
}

/** A value was put into a future that has one, or that a call will give its value. */
export class FutureSetError extends DialbackError {
  override readonly name = 'FutureSetError'
  readonly code = 'FUTURE_SET'
}

/** A signal fired, or an interrupt arrived. */
export class AbortError extends DialbackError {
  override readonly name = 'AbortError'
  readonly code = 'ABORTED'
}

/**
 * The thread that ran a call was replaced, and its worker lives on: another call there was cancelled and did not yield.
 * The `cause` of a `RemoteError`; a `pmap` runs such items again.
 */
export class ThreadReplacedError extends DialbackError {
  override readonly name = 'ThreadReplacedError'
  readonly code = 'THREAD_REPLACED'
}

/** The sentence of a lost worker, the same in the log and in the error. */
export function describeExit(workerId: number, exit: WorkerExit): string {
  const on = exit.pod ? ` on pod ${exit.pod.name}` : ''
  const detail = exit.detail ? ` (${exit.detail})` : ''
  return `Worker ${workerId}${on} was terminated due to: ${exit.reason}${detail}`
}

/** `TypeError: message` for errors, what it looks like for anything else; survives hostile getters. */
function describeThrown(thrown: unknown): string {
  try {
    // A far end's own prefix stays in front: one `On worker N:` per hop.
    if (thrown instanceof RemoteError) return thrown.message
    if (thrown instanceof Error)
      return thrown.message === '' ? thrown.name : `${thrown.name}: ${thrown.message}`
  } catch {
    return 'a value that cannot be described'
  }
  return textOfValue(thrown)
}

/** The lines of an error's stack that say where, if there are any. */
function framesOf(thrown: unknown): string | undefined {
  try {
    const stack: unknown = thrown instanceof Error ? thrown.stack : undefined
    const start = typeof stack === 'string' ? stack.search(/^ +at /m) : -1
    return start === -1 ? undefined : String(stack).slice(start)
  } catch {
    // What was thrown may be anything, also what throws at a touch.
    return undefined
  }
}
