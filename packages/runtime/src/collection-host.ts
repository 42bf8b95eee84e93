/** What the collection verbs need of the process that they run in. */

import type { Caller } from './caller.ts'
import type { Carrier } from './carrier.ts'
import { type Clock, systemClock } from './clock.ts'
import type { ProgressTerminal } from './progress-bar.ts'

/** Any `Caller`; clock and terminal stand in for the process's own. */
export interface CollectionHost extends Caller {
  readonly clock?: Clock
  readonly terminal?: ProgressTerminal
  /** What tells one function from another; a journal needs it. */
  readonly carrier?: Pick<Carrier, 'load' | 'fingerprint'>
  /** Tells the user something that is no error. */
  readonly warn?: (text: string) => void
}

export function clockOf(host: CollectionHost): Clock {
  return host.clock ?? systemClock
}
