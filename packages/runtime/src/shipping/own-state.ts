/** What a function holds besides its source: properties of its own, static fields, its parent class. */

import type { FunctionSource } from './free-variables.ts'
import type { Inspected } from './inspector.ts'

export interface OwnState {
  /** By name, those of the function with a dot in front, those of its `prototype` with `.prototype.`. */
  readonly properties: ReadonlyMap<string, unknown>
  readonly privateStatics: Readonly<Record<string, unknown>>
  /** Undefined where there is none to be set. */
  readonly parent?: unknown
}

const ownNames: ReadonlySet<string> = new Set(['length', 'name', 'prototype', 'arguments', 'caller'])

/** A count that changes when something is added to a function or its `prototype`: cheap, to be asked at each call. */
export function propertyCount(fn: object): number {
  const prototype: unknown = Object.getOwnPropertyDescriptor(fn, 'prototype')?.value
  const inherited =
    typeof prototype === 'object' && prototype !== null ? Reflect.ownKeys(prototype).length : 0
  return Reflect.ownKeys(fn).length + inherited
}

/** Accessors and what has a symbol for its name are left out: the source defines them, or nothing that travels does. */
export function ownState(
  fn: object,
  source: Pick<FunctionSource, 'kind' | 'staticMembers'>,
  inspected: Inspected,
): OwnState {
  const properties = new Map<string, unknown>()
  const text = Function.prototype.toString.call(fn)
  for (const [name, value] of dataProperties(fn)) {
    const isInSource = source.staticMembers.has(name) && isWrittenIn(text, value)
    if (!ownNames.has(name) && !isInSource) properties.set(`.${name}`, value)
  }
  const prototype: unknown = Object.getOwnPropertyDescriptor(fn, 'prototype')?.value
  if (source.kind === 'class') {
    addInherited(prototype, properties, (value) => !isWrittenIn(text, value))
    return { properties, privateStatics: inspected.privateStatics, ...parentOfClass(fn) }
  }
  if (source.kind === 'arrow' || !isConstructor(fn, prototype)) return { properties, privateStatics: {} }
  addInherited(prototype, properties, () => true)
  return { properties, privateStatics: {}, ...parentOfFunction(prototype) }
}

function addInherited(
  prototype: unknown,
  properties: Map<string, unknown>,
  isAdded: (value: unknown) => boolean,
): void {
  for (const [name, value] of dataProperties(Object(prototype) as object)) {
    if (name !== 'constructor' && isAdded(value)) properties.set(`.prototype.${name}`, value)
  }
}

function* dataProperties(object: object): Generator<[string, unknown]> {
  for (const name of Object.getOwnPropertyNames(object)) {
    const descriptor = Object.getOwnPropertyDescriptor(object, name)
    if (descriptor !== undefined && 'value' in descriptor) yield [name, descriptor.value]
  }
}

/** Whether a member of a class is what the class itself defines, and not what a decorator or somebody else put there. */
function isWrittenIn(text: string, member: unknown): boolean {
  return typeof member === 'function' && text.includes(Function.prototype.toString.call(member))
}

/** Whether nothing was added to a function: it then is what its source says. */
export function isBare(fn: object): boolean {
  if (!Object.getOwnPropertyNames(fn).every((name) => ownNames.has(name))) return false
  const prototype: unknown = Object.getOwnPropertyDescriptor(fn, 'prototype')?.value
  if (typeof prototype !== 'object' || prototype === null) return true
  return Object.getOwnPropertyNames(prototype).every((name) => name === 'constructor')
}

/** Some give a function a new object for its prototype, and forget the constructor. */
function isConstructor(fn: object, prototype: unknown): prototype is object {
  if (typeof prototype !== 'object' || prototype === null) return false
  const constructor = Object.getOwnPropertyDescriptor(prototype, 'constructor')
  return constructor === undefined ? Object.keys(prototype).length > 0 : constructor.value === fn
}

function parentOfClass(fn: object): Pick<OwnState, 'parent'> {
  const parent: unknown = Object.getPrototypeOf(fn)
  return isRootFunction(parent) ? {} : { parent }
}

/** As `util.inherits` leaves it. */
function parentOfFunction(prototype: unknown): Pick<OwnState, 'parent'> {
  const parentPrototype: unknown = Object.getPrototypeOf(prototype)
  if (typeof parentPrototype !== 'object' || parentPrototype === null) return {}
  if (Object.getPrototypeOf(parentPrototype) === null) return {}
  const parent: unknown = parentPrototype.constructor
  return typeof parent === 'function' ? { parent } : {}
}

/** `Function.prototype`, of whatever context: what classes without a parent inherit from. */
function isRootFunction(parent: unknown): boolean {
  return typeof parent === 'function' && !Object.hasOwn(parent, 'prototype') && parent.name === ''
}
