/**
 * All that two processes of a cluster say to each other; docs/protocol.md has each with its bytes.
 *
 * `id` and `stream` are numbers from the sender's own range (see `idRange` in `Welcome`), so that they are unique in
 * the cluster and an answer finds its way back by its number alone. `to` is the id of a process.
 */

import type {
  Close,
  Fetch,
  Free,
  Inspect,
  Open,
  Put,
  Received,
  Release,
  State,
  Take,
} from './value-message.ts'

/** One call of a function, or many in one message. Body: the arguments as an array, or `[items, firstIndex]` for a batch. */
export interface Call {
  readonly type: 'call'
  readonly id: number
  readonly to: number
  /** Whose call it is; the manager's when absent. */
  readonly from?: number
  /** Content hash of the function's definition, sent before it. */
  readonly fn: string
  readonly isBatch?: boolean
  /** Calls of one lane run one after another. */
  readonly lane?: string
  /** Lets the caller take the call back while it waits, also from a thread that is in a busy loop. */
  readonly claim?: Claim
  /** Keep the value there under this reference and answer without it. */
  readonly keep?: number
  /** Answered with an empty `result` as soon as it starts; what the function throws is printed where it ran. */
  readonly isSilent?: boolean
  /** Calls behind it wait until it has settled: what `everywhere` defined is there before the first call. */
  readonly isBarrier?: boolean
  /**
   * Calls of one number share what the function captured, those of another find it as it was sent, and one of number 0 has it for
   * itself. Absent where the function captured nothing.
   */
  readonly copy?: number
  /** Content hashes of the modules that functions among the arguments refer to: they are loaded first. */
  readonly modules?: readonly string[]
  /** Of those that such functions import themselves, when they run: they only have to be there. */
  readonly imports?: readonly string[]
}

/** A place in the worker's table of claims; `generation` grows with each use of the slot. */
export interface Claim {
  readonly slot: number
  readonly generation: number
}

/** The function returned, or a silent call has started. Body: the value; none when that is kept, or nobody wants it. */
export interface Result {
  readonly type: 'result'
  readonly id: number
  /** Instead of a body: the value is what the receiver itself put with this `id`, and still has (see `isOwn` in `Put`). */
  readonly own?: number
  /** Content hashes of the modules that functions in the value refer to. */
  readonly modules?: readonly string[]
}

/** The call failed. Body: what the function threw, or why it could not be run or answered. */
export interface Failure {
  readonly type: 'error'
  readonly id: number
  /** `thrown`: by the function; `failed`: an error of dialback itself, to be passed on as it is. */
  readonly kind: 'thrown' | 'failed'
  /** Content hashes of the modules that functions in the value refer to. */
  readonly modules?: readonly string[]
}

/**
 * Stops a call: the function's signal fires with the reason, and the call is answered with it. Also takes back a `fetch`,
 * `put` or `take` that still waits. Body: the reason; none when the caller is gone.
 */
export interface Cancel {
  readonly type: 'cancel'
  readonly id: number
  readonly to: number
}

/** A function by its content hash, before the first call that names it. Body: the function. */
export interface Define {
  readonly type: 'define'
  readonly id: number
  readonly to: number
  readonly hash: string
  /** Content hashes of the modules that the function refers to: they are loaded first. */
  readonly modules?: readonly string[]
  /** Of those that the function imports itself, when it runs. */
  readonly imports?: readonly string[]
}

/** A module that definitions refer to, by its content hash. Body: the module file. */
export interface Module {
  readonly type: 'module'
  readonly id: number
  readonly to: number
  readonly hash: string
}

/** The call named a function or modules that are not there (its thread was replaced): send them and call again. */
export interface Unknown {
  readonly type: 'unknown'
  readonly id: number
}

/** A piece of a body, in order; either `slot` in the sender's shared memory, or bytes behind the header. */
export interface Chunk {
  readonly type: 'chunk'
  readonly stream: number
  readonly slot?: SharedSlot
}

/** Bytes in a file of another process on this machine: `/proc/{pid}/fd/{fd}`. */
export interface SharedSlot {
  readonly pid: number
  readonly fd: number
  /** What is at the start of the file: the process may have had another one of this number, in a thread that was replaced. */
  readonly mark?: string
  readonly offset: number
  readonly length: number
}

/** The receiver has taken so many chunks of a stream: the sender may send as many more. */
export interface Credit {
  readonly type: 'credit'
  readonly stream: number
  readonly chunks: number
}

/** The other end of a stream is gone, or no longer wants it: forget it. From either end. */
export interface Stop {
  readonly type: 'stop'
  readonly stream: number
}

/** Control connection, either way: answered by `pong` with the same number at once. */
export interface Ping {
  readonly type: 'ping'
  readonly n: number
}
export interface Pong {
  readonly type: 'pong'
  readonly n: number
}

/** Manager to all: the live workers. Sent after each change. */
export interface Members {
  readonly type: 'members'
  readonly workers: readonly number[]
}

/** Manager to agent: take this call of thread `thread` back if it has not started. Answered by `recalled`. */
export interface Recall {
  readonly type: 'recall'
  readonly id: number
  readonly thread: number
  readonly claim: Claim
}
export interface Recalled {
  readonly type: 'recalled'
  readonly id: number
  readonly isTaken: boolean
}

/**
 * Manager to agent: abort what runs. With `call`, that one only. A thread that does not answer within `graceMs` is
 * replaced; `interrupted` says so.
 */
export interface Interrupt {
  readonly type: 'interrupt'
  readonly id: number
  readonly thread: number
  readonly call?: number
  readonly graceMs: number
}
export interface Interrupted {
  readonly type: 'interrupted'
  readonly id: number
  readonly isReplaced: boolean
  /** Of a thread that was replaced for the sake of one call: the latest calls that began there. Fewer than 64 are all. */
  readonly begun?: readonly number[]
  /** Along with `begun`: the highest id of all calls that ever began there, by their range modulo the length; 0: none. */
  readonly highest?: readonly number[]
}

/** Manager to agent: finish what runs, then end. */
export interface Drain {
  readonly type: 'drain'
}

/** Either way on the control connection: the sender ends the session. Threads hear it as well, and do not dial again. */
export interface Goodbye {
  readonly type: 'goodbye'
  readonly reason: string
}

export type Message =
  | Call
  | Result
  | Failure
  | Cancel
  | Define
  | Module
  | Unknown
  | Open
  | Put
  | Take
  | Received
  | Inspect
  | State
  | Close
  | Fetch
  | Release
  | Free
  | Chunk
  | Credit
  | Stop
  | Ping
  | Pong
  | Members
  | Recall
  | Recalled
  | Interrupt
  | Interrupted
  | Drain
  | Goodbye

/** What a header says of what is in the body. */
export interface BodyFacts {
  /** Owner and reference of each handle (future, channel) in it: `[owner, ref, owner, ref, …]`. */
  readonly handles?: readonly number[]
  /** It is a record of `modules`, `loaded`, `head` and `buffers`: a body, the module files that are to be there before it, and which are loaded. */
  readonly isPacked?: boolean
}

/** How a body travels: absent, in the frame (lengths of its parts when it has out-of-band buffers), or as chunks. */
export interface BodyLayout extends BodyFacts {
  /** Lengths of head and buffers; absent when the frame's bytes are the head alone. */
  readonly parts?: readonly number[]
  /** The stream whose chunks carry the body; absent when it is in the frame. */
  readonly stream?: number
}

/** A message as it is sent and delivered, apart from how its body travels. */
export type Letter = Message & BodyFacts

/** A message as it stands in a frame. */
export type Header = Message & BodyLayout
