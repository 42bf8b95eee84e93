/** Errors: the reverse of `encode-error.ts`. */

import { prototypeOf } from './decode-instance.ts'
import type { Decoder } from './decoder.ts'
import { errorPrototypes } from './error-classes.ts'
import { setOwn } from './own-property.ts'

/** Reads an error. It is made by the language, so that it is one to whoever asks, and then given its class and properties. */
export function readError(decoder: Decoder, depth: number): Error {
  const error = decoder.objects.register(withoutStack(() => new Error()))
  // A newer Node may have classes that this one has not.
  const base = errorPrototypes.get(decoder.text(depth + 1)) ?? Error.prototype
  const constructor = decoder.value(depth + 1)
  Object.setPrototypeOf(error, constructor === null ? base : prototypeOf(constructor))
  readProperties(decoder, error, depth)
  return error
}

export function readDomException(decoder: Decoder, depth: number): DOMException {
  const message = decoder.text(depth + 1)
  const name = decoder.text(depth + 1)
  const error = decoder.objects.register(withoutStack(() => new DOMException(message, name)))
  readProperties(decoder, error, depth)
  return error
}

/** To capture a stack costs more than all the rest, and the one that was sent takes its place. */
function withoutStack<T>(make: () => T): T {
  const limit = Error.stackTraceLimit
  // Where Error is frozen there is nothing to gain.
  Reflect.set(Error, 'stackTraceLimit', 0)
  try {
    return make()
  } finally {
    Reflect.set(Error, 'stackTraceLimit', limit)
  }
}

function readProperties(decoder: Decoder, error: Error, depth: number): void {
  for (const isEnumerable of [false, true]) {
    decoder.fields(depth, (fields) => {
      for (const [key, value] of Object.entries(fields)) setOwn(error, key, value, isEnumerable)
    })
  }
}
