/** How several items travel in one call, and what its answer says of each. */

import type { AnyFunction, BatchOutcome, CallInput } from './caller.ts'

/** Takes that `count` items from `index` on are done, with this value. */
export type Deliver = (index: number, value: unknown, count: number) => void

/** Which items an answer is about, and who gave it. */
export interface Answered {
  readonly firstIndex: number
  readonly workerId: number
}

export interface BatchFormat {
  /** What the call runs. */
  readonly fn: AnyFunction
  /** Whether a batch whose worker was taken away is run again as it was, not item by item. */
  readonly isWhole: boolean
  input(items: readonly unknown[], firstIndex: number): CallInput
  /** Delivers what an answer holds and gives the failures in it. @throws what ends everything. */
  read(answer: unknown, of: Answered, deliver: Deliver): BatchOutcome['failures']
}

/** Each item is a call of the function, and has a value of its own. */
export function mappedBatches(fn: AnyFunction): BatchFormat {
  return { fn, isWhole: false, input: (items, firstIndex) => ({ kind: 'batch', items, firstIndex }), read }
}

function read(answer: unknown, { firstIndex }: Answered, deliver: Deliver): BatchOutcome['failures'] {
  // The cast: `Caller` says what a batch resolves to, and checked it where it came in.
  const { values, failures } = answer as BatchOutcome
  const failed = failures.length === 0 ? undefined : new Set(failures.map(([position]) => position))
  for (let i = 0; i < values.length; i++) {
    if (failed === undefined || !failed.has(i)) deliver(firstIndex + i, values[i], 1)
  }
  return failures
}
