/** What the collection verbs need of the process that they run in. */

import type { Caller } from './caller.ts'
import { type Clock, systemClock } from './clock.ts'
import type { ProgressTerminal } from './progress-bar.ts'

/** Any `Caller`; clock and terminal stand in for the process's own. */
export interface CollectionHost extends Caller {
  readonly clock?: Clock
  readonly terminal?: ProgressTerminal
}

export function clockOf(host: CollectionHost): Clock {
  return host.clock ?? systemClock
}
