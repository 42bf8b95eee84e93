/** Sorts objects that are neither plain nor arrays into their kinds. */

import { types } from 'node:util'
import { builtinWriters, writerByBrand } from './encode-builtin.ts'
import { writeDomException, writeError } from './encode-error.ts'
import { writeInstance, writeInstanceOf, writeSubclass } from './encode-instance.ts'
import type { Encoder } from './encoder.ts'
import { classOf, isNative, ordinaryClassOf } from './own-class.ts'
import { classNameOf } from './path.ts'
import { tag } from './wire-format.ts'

/** Writes an object that has not been met before and has a prototype of its own. */
export function writeObject(encoder: Encoder, value: object, depth: number): void {
  const prototype: unknown = Object.getPrototypeOf(value)
  const writeBuiltin = builtinWriters.get(prototype)
  if (writeBuiltin !== undefined) return writeBuiltin(encoder, value, depth)
  const ordinary = ordinaryClassOf(prototype)
  if (ordinary !== undefined) {
    if (!writeHandle(encoder, value, depth)) writeInstanceOf(encoder, value, ordinary, depth)
    return
  }
  if (value instanceof DOMException) return writeDomException(encoder, value, depth)
  if (types.isNativeError(value) || value instanceof Error) return writeError(encoder, value, depth)
  if (isOpaque(value)) throw encoder.refusal(depth, classNameOf(value))
  if (writeHandle(encoder, value, depth)) return
  const writeBase = writerByBrand(value)
  if (writeBase === undefined) return writeInstance(encoder, value, depth)
  const constructor = classOf(prototype)
  const isForeign = constructor === undefined || isNative(constructor)
  if (isForeign) writeBase(encoder, value, depth)
  else writeSubclass(encoder, value, depth, writeBase)
}

/** Writes an object if it is a handle. */
function writeHandle(encoder: Encoder, value: object, depth: number): boolean {
  const handle = encoder.callHook(() => encoder.hooks.describeHandle(value))
  if (handle === undefined) return false
  if ('refused' in handle) throw encoder.refusal(depth, handle.refused)
  encoder.out.push(null, tag.handle)
  encoder.text(handle.tag)
  encoder.step(depth, { text: 'data' })
  encoder.whole(handle.data, depth + 1)
  return true
}

/** Whether what an object is lies outside its properties, so that an instance of a subclass could not travel either. */
function isOpaque(value: object): boolean {
  return (
    types.isPromise(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isSharedArrayBuffer(value) ||
    types.isExternal(value) ||
    value instanceof WeakRef ||
    value instanceof FinalizationRegistry
  )
}
