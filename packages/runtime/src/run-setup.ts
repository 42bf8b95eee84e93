/** What a verb says of what it wants done. */

import type { BatchSizer } from './batch.ts'
import type { ResolvedOptions } from './collection-options.ts'
import type { FunctionSetup } from './function-calls.ts'

/** Takes the values. One of `finish` and `fail` is called, once, unless the run was closed. */
export interface Collector {
  /** Values that nobody has fetched yet; undefined where they do not limit reading ahead. */
  readonly held: number | undefined
  /** `count` items from `index` on have this value. */
  deliver(index: number, value: unknown, count: number): void
  finish(): void
  fail(error: unknown): void
}

export interface RunSetup extends FunctionSetup {
  readonly items: unknown
  readonly sizer: BatchSizer
  readonly options: ResolvedOptions
  readonly collector: Collector
}
