/** Instances of classes that are not built in: the class, through the hooks, and their own enumerable properties. */

import { SerializationError } from '../errors.ts'
import type { WriteKind } from './encode-builtin.ts'
import { writeConstructor } from './encode-function.ts'
import type { Encoder } from './encoder.ts'
import { type AnyClass, classOf, isBuiltinClass, isPlainPrototype } from './own-class.ts'
import { classNameOf } from './path.ts'
import { tag } from './wire-format.ts'

/** Writes an object with a prototype of its own. */
export function writeInstance(encoder: Encoder, value: object, depth: number): void {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (isPlainPrototype(prototype)) return encoder.plain(value, depth)
  const constructor = classOf(prototype)
  if (constructor === undefined) return writeCreated(encoder, value, depth)
  if (isBuiltinClass(constructor)) throw encoder.refusal(depth, classNameOf(value))
  writeInstanceOf(encoder, value, constructor, depth)
}

/** Writes an instance of a class that is not built in. */
export function writeInstanceOf(encoder: Encoder, value: object, constructor: AnyClass, depth: number): void {
  encoder.out.push(null, tag.instance)
  writeClass(encoder, constructor, value, depth)
  encoder.fieldsOf(value, depth)
}

/** Writes an instance of a class that extends a built-in one, which `writeBase` writes. */
export function writeSubclass(encoder: Encoder, value: object, depth: number, writeBase: WriteKind): void {
  const constructor = classOf(Object.getPrototypeOf(value))
  if (constructor === undefined || isBuiltinClass(constructor)) return writeBase(encoder, value, depth)
  encoder.out.push(null, tag.subclass)
  writeClass(encoder, constructor, value, depth)
  writeBase(encoder, value, depth)
  // The named properties of an array are part of itself; those of a view would be listed among its items.
  const isIndexed = Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof String
  if (isIndexed) encoder.fields([], [], depth)
  else encoder.fieldsOf(value, depth)
}

/** Writes the result of `Object.create(plainObject)`: it travels with its prototype. */
function writeCreated(encoder: Encoder, value: object, depth: number): void {
  const prototype: unknown = Object.getPrototypeOf(value)
  // Iterators and the like have no class of their own either, but nothing in their prototype that could be sent.
  if (!isOwnPrototype(prototype)) throw encoder.refusal(depth, classNameOf(value))
  encoder.out.push(null, tag.instance, null)
  const number = encoder.meet(prototype)
  if (number >= 0) encoder.out.push(tag.ref, number)
  else {
    encoder.out.push(tag.later, tag.object)
    encoder.fieldsLater(prototype, depth)
  }
  encoder.fieldsOf(value, depth)
}

function isOwnPrototype(prototype: unknown): prototype is object {
  if (typeof prototype !== 'object' || prototype === null || Object.keys(prototype).length === 0) return false
  return isPlainPrototype(Object.getPrototypeOf(prototype))
}

/** A class is refused at the path of its instance, so the error names the class. */
function writeClass(encoder: Encoder, constructor: AnyClass, value: object, depth: number): void {
  try {
    writeConstructor(encoder, constructor, depth, 'class')
  } catch (error) {
    const path = encoder.path(depth)
    if (!(error instanceof SerializationError) || error.path !== path) throw error
    const name = classNameOf(value)
    throw error.message.startsWith(`Cannot send ${path}: ${name}`)
      ? error
      : encoder.refusal(depth, name, error)
  }
}
