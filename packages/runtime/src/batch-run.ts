/** Runs a batch: one call of the function for each item, concurrently, each settling by itself. */

import type { AnyFunction } from './caller.ts'

/** How each item of a batch ended: `values[i]`, unless `thrown` has `[i, error]`. */
export interface BatchRun {
  readonly values: unknown[]
  readonly thrown: [position: number, error: unknown][]
}

/** `input`: `[items, firstIndex]`. Gives a promise only when a call of `fn` does. */
export function runBatch(fn: AnyFunction, input: readonly unknown[]): BatchRun | Promise<BatchRun> {
  const [items, firstIndex] = input
  if (!Array.isArray(items) || typeof firstIndex !== 'number')
    throw new TypeError('Cannot run a batch without items')
  const run: BatchRun = { values: Array(items.length), thrown: [] }
  const call = fn as (item: unknown, index: number) => unknown
  const unsettled: Promise<void>[] = []
  for (let i = 0; i < items.length; i++) {
    try {
      const value = call(items[i], firstIndex + i)
      if (isThenable(value)) unsettled.push(settle(run, i, value))
      else run.values[i] = value
    } catch (error) {
      run.thrown.push([i, error])
    }
  }
  return unsettled.length === 0 ? run : Promise.all(unsettled).then(() => run)
}

/** Whether `await` would wait for it. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  )
}

async function settle(run: BatchRun, position: number, value: PromiseLike<unknown>): Promise<void> {
  try {
    run.values[position] = await value
  } catch (error) {
    run.thrown.push([position, error])
  }
}
