/** Sending a value through the codec, for the codec's tests. */

import { runInThisContext } from 'node:vm'
import { Codec } from '../src/codec/codec.ts'
import { type CodecHooks, noHooks } from '../src/codec/hooks.ts'
import type { EncodedBody } from '../src/index.ts'

/** Gives what a body is after it was sent: the same bytes in other memory. */
export function send({ head, buffers }: EncodedBody): EncodedBody {
  return { head: Uint8Array.from(head), buffers: buffers.map((buffer) => Uint8Array.from(buffer)) }
}

/** Gives what arrives when `value` is sent. */
export function travel(value: unknown, hooks: CodecHooks = noHooks): unknown {
  const codec = new Codec(hooks)
  return codec.decode(send(codec.encode(value, 'value')))
}

/** Hooks with which functions travel as their source, and what they captured as the test says. */
export function sourceHooks(
  captured: ReadonlyMap<unknown, Readonly<Record<string, unknown>>> = new Map(),
): CodecHooks {
  return {
    ...noHooks,
    describeFunction: (fn) => ({ shell: { source: String(fn) }, captured: captured.get(fn) ?? {} }),
    reviveFunction: (shell) => {
      const scope: Record<string, unknown> = {}
      const make: unknown = runInThisContext(
        `(function (scope) { with (scope) return (${String(shell.source)}) })`,
      )
      // The script's value is that function.
      const fn = (make as (scope: object) => unknown)(scope)
      return { fn, fill: (values) => void Object.assign(scope, values) }
    },
  }
}

/** The error that a call throws. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown')
}

/** An array of `length` with items only where `items` has them. */
export function sparse(length: number, items: Readonly<Record<number, unknown>>): unknown[] {
  const array: unknown[] = []
  array.length = length
  return Object.assign(array, items)
}
