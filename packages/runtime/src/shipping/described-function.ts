/** A function made ready to be encoded. */

import type { FunctionShell } from './shell.ts'

export interface DescribedFunction {
  /** Plain data. */
  readonly shell: FunctionShell
  /** Values by name; they may be anything, also functions that are yet to be described. */
  readonly captured: Readonly<Record<string, unknown>>
  /** Whether what it refers to may be something else the next time, although it captured nothing. */
  readonly mayChange?: boolean
  /** Where the function uses a captured variable first, as `main.ts:12:7`. */
  readonly placeOf?: (name: string) => string | undefined
}
