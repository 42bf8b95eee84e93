/** What processes say of values that one of them keeps: futures and channels, each under its `ref`. */

/**
 * Makes a place for values in process `to`: for one value that somebody will put (a future), or with `capacity` for a
 * channel. Not answered. Comes before all that names `ref`.
 */
export interface Open {
  readonly type: 'open'
  readonly to: number
  readonly ref: number
  /** How many values are kept that nobody has taken; the largest safe integer: any number. */
  readonly capacity?: number
}

/**
 * Puts a value: into a channel, answered once there is room; or into a future, which fails the second time. Body: the value.
 * Of one sender, `put` and `close` are handled in the order in which they were sent.
 */
export interface Put {
  readonly type: 'put'
  readonly id: number
  readonly to: number
  readonly ref: number
  /** The body is how a future failed. */
  readonly kind?: 'thrown' | 'failed'
  /** It is how a call ended whose value is kept under `ref`. */
  readonly isCall?: boolean
  /** The sender is a thread of the process `to` and has the value itself: it wants that back rather than a copy. */
  readonly isOwn?: boolean
}

/** Asks for the first value of a channel, which leaves it: answered by `result`, once there is one, or by `error`. */
export interface Take {
  readonly type: 'take'
  readonly id: number
  readonly to: number
  readonly ref: number
}

/** The result of the `take` with this `id` has arrived. A value whose taker is lost before goes back to its place. */
export interface Received {
  readonly type: 'received'
  readonly id: number
  readonly to: number
}

/** Asks how it stands with a future or a channel; answered at once by `state`. */
export interface Inspect {
  readonly type: 'inspect'
  readonly id: number
  readonly to: number
  readonly ref: number
}
export interface State {
  readonly type: 'state'
  readonly id: number
  /** There is a value. */
  readonly isReady: boolean
  /** A value can be put. */
  readonly isOpen: boolean
}

/** Closes a channel: what waits to put fails, what is in there can still be taken. Answered by `result`. */
export interface Close {
  readonly type: 'close'
  readonly id: number
  readonly to: number
  readonly ref: number
}

/** Asks for a kept value, or the first of a channel, which stays there; answered by `result` or `error` once there is one. */
export interface Fetch {
  readonly type: 'fetch'
  readonly id: number
  readonly to: number
  readonly ref: number
  /** Answer without the value: only that it is there. */
  readonly isWaitOnly?: boolean
}

/** To the manager: the sender no longer holds references, of which it had got so many: `[ref, count, ref, count, …]`. */
export interface Release {
  readonly type: 'release'
  readonly refs: readonly number[]
}

/** Manager to agent: nobody holds references to these values any more. */
export interface Free {
  readonly type: 'free'
  readonly refs: readonly number[]
}
