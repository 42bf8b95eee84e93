/** What kind of class an object is an instance of. */

const isNativeClass = new WeakMap<object, boolean>()

const ordinaryClasses = new WeakMap<object, AnyClass>()

// Read before any user's code has defined globals of its own.
const globalNames: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(globalThis))

/** The class whose `prototype` this is. */
export function classOf(prototype: unknown): AnyClass | undefined {
  if (typeof prototype !== 'object' || prototype === null) return undefined
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  return isClass(constructor) && constructor.prototype === prototype ? constructor : undefined
}

/** A function that has a prototype. */
export type AnyClass = ((...args: never[]) => unknown) & { readonly prototype: unknown }

function isClass(value: unknown): value is AnyClass {
  return typeof value === 'function' && 'prototype' in value
}

/** Whether a class is the language's, the platform's or an addon's: what its instances are is not in their properties. */
export function isBuiltinClass(constructor: AnyClass): boolean {
  return isNative(constructor) || isGlobalClass(constructor)
}

/** Whether a class is not written in JavaScript; true for the built-in classes of any realm. */
export function isNative(constructor: AnyClass): boolean {
  let known = isNativeClass.get(constructor)
  if (known === undefined) {
    known = Function.prototype.toString.call(constructor).endsWith('{ [native code] }')
    isNativeClass.set(constructor, known)
  }
  return known
}

/** Whether a class is one of those that Node itself writes in JavaScript and has as a global. */
function isGlobalClass(constructor: AnyClass): boolean {
  return globalNames.has(constructor.name) && Reflect.get(globalThis, constructor.name) === constructor
}

/**
 * The class of instances with this prototype, if it and all that it extends are written in JavaScript and by others than Node:
 * what such an instance is lies in its properties. Undefined when that takes a closer look.
 */
export function ordinaryClassOf(prototype: unknown): AnyClass | undefined {
  const constructor = ordinaryClassAt(prototype)
  if (constructor === undefined) return undefined
  let extended: unknown = Object.getPrototypeOf(prototype)
  while (extended !== Object.prototype) {
    if (ordinaryClassAt(extended) === undefined) return undefined
    extended = Object.getPrototypeOf(extended)
  }
  return constructor
}

/** What is extended may change, so only what concerns one prototype is remembered. */
function ordinaryClassAt(prototype: unknown): AnyClass | undefined {
  if (typeof prototype !== 'object' || prototype === null) return undefined
  const known = ordinaryClasses.get(prototype)
  if (known !== undefined) return known
  const constructor = classOf(prototype)
  if (constructor === undefined || isBuiltinClass(constructor)) return undefined
  ordinaryClasses.set(prototype, constructor)
  return constructor
}

/** Whether `prototype` is the Object.prototype of any realm, or null. */
export function isPlainPrototype(prototype: unknown): boolean {
  if (prototype === Object.prototype || prototype === null) return true
  const constructor = classOf(prototype)
  return constructor?.name === 'Object' && isNative(constructor)
}
