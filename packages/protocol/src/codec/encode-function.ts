/** Functions and classes: their shell, and what they captured. */

import type { Encoder } from './encoder.ts'
import type { AnyFunction, FunctionUse } from './hooks.ts'
import { capturedStep } from './path.ts'
import { tag } from './wire-format.ts'

/** Writes a function together with what it captured. */
export function writeFunction(encoder: Encoder, fn: object, depth: number): void {
  write(encoder, fn, { depth, use: 'value', isLater: encoder.isTooDeep(depth) })
}

/**
 * Writes the class of an instance. What the class captured comes after everything else, because that very instance may be in
 * it, which the other side makes only once it has the class.
 */
export function writeConstructor(
  encoder: Encoder,
  constructor: object,
  depth: number,
  use: FunctionUse,
): void {
  write(encoder, constructor, { depth, use, isLater: true })
}

interface Mention {
  readonly depth: number
  readonly use: FunctionUse
  /** Whether what it captured comes after the rest. */
  readonly isLater: boolean
}

function write(encoder: Encoder, fn: object, { depth, use, isLater }: Mention): void {
  const number = encoder.meet(fn)
  if (number >= 0) {
    encoder.out.push(null, tag.ref, number)
    return
  }
  // Callers pass what `typeof` calls a function; what it can be called with is up to whoever revives it.
  const { shell, captured } = encoder.callHook(() =>
    encoder.hooks.describeFunction(fn as AnyFunction, encoder.path(depth), use),
  )
  encoder.out.push(null, tag.function)
  encoder.step(depth, { text: 'shell' })
  encoder.whole(shell, depth + 1)
  const keys = Object.keys(captured)
  const values = keys.map((key) => captured[key])
  const steps = keys.map(capturedStep)
  if (isLater && keys.length > 0) {
    encoder.out.push(null, tag.later)
    encoder.later(depth, () => encoder.fields(keys, values, 0, steps))
  } else encoder.fields(keys, values, depth, steps)
}
