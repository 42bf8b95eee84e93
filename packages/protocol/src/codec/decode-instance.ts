/** Functions, instances of classes, and handles: what needs the hooks. */

import type { Decoder, Fields } from './decoder.ts'
import { malformed } from './malformed.ts'
import { setOwn } from './own-property.ts'

export function readFunction(decoder: Decoder, depth: number): unknown {
  const number = decoder.objects.reserve()
  const shell = decoder.value(depth + 1)
  if (!isShell(shell)) throw malformed('function')
  const revived = decoder.revive(shell)
  decoder.objects.resume(number)
  decoder.objects.register(revived.fn)
  decoder.fields(depth, (captured) => decoder.capture(revived, captured))
  return revived.fn
}

export function readInstance(decoder: Decoder, depth: number): unknown {
  const number = decoder.objects.reserve()
  const prototype = prototypeOf(decoder.value(depth + 1))
  decoder.objects.resume(number)
  const instance = decoder.objects.register(Object.create(prototype) as object)
  decoder.fields(depth, (fields) => setAll(instance, fields))
  return instance
}

/** Reads the built-in object, which is numbered before what is in it is read, and turns it into one of its class. */
export function readSubclass(decoder: Decoder, depth: number): unknown {
  const number = decoder.objects.reserve()
  const prototype = prototypeOf(decoder.value(depth + 1))
  decoder.objects.resume(number)
  const object: unknown = decoder.value(depth + 1)
  if (typeof object !== 'object' || object === null) throw malformed('subclass')
  Object.setPrototypeOf(object, prototype)
  decoder.fields(depth, (fields) => setAll(object, fields))
  return object
}

export function readHandle(decoder: Decoder, depth: number): unknown {
  const number = decoder.objects.reserve()
  const name = decoder.text(depth + 1)
  const handle = decoder.handle(name, decoder.value(depth + 1))
  decoder.objects.resume(number)
  return decoder.objects.register(handle)
}

/** The prototype of a class's instances; a plain object is itself the prototype of what was created from it. */
export function prototypeOf(source: unknown): object {
  const prototype: unknown = typeof source === 'function' ? source.prototype : source
  if (typeof prototype !== 'object' || prototype === null) throw malformed('class')
  return prototype
}

function setAll(object: object, fields: Fields): void {
  for (const key of Object.keys(fields)) setOwn(object, key, fields[key])
}

function isShell(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
