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
  for (const [name, value] of dataProperties(fn)) {
    if (!ownNames.has(name) && !source.staticMembers.has(name)) properties.set(`.${name}`, value)
  }
  const prototype: unknown = Object.getOwnPropertyDescriptor(fn, 'prototype')?.value
  if (source.kind === 'class') {
    const parent: unknown = Object.getPrototypeOf(fn)
    return {
      properties,
      privateStatics: inspected.privateStatics,
      ...(!isRootFunction(parent) && { parent }),
    }
  }
  if (source.kind === 'arrow' || !isConstructor(fn, prototype)) return { properties, privateStatics: {} }
  for (const [name, value] of dataProperties(prototype)) {
    if (name !== 'constructor') properties.set(`.prototype.${name}`, value)
  }
  const parent = inheritedConstructor(prototype)
  return { properties, privateStatics: {}, ...(parent !== undefined && { parent }) }
}

function* dataProperties(object: object): Generator<[string, unknown]> {
  for (const name of Object.getOwnPropertyNames(object)) {
    const descriptor = Object.getOwnPropertyDescriptor(object, name)
    if (descriptor !== undefined && 'value' in descriptor) yield [name, descriptor.value]
  }
}

function isConstructor(fn: object, prototype: unknown): prototype is object {
  if (typeof prototype !== 'object' || prototype === null) return false
  return Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value === fn
}

/** As `util.inherits` leaves it. */
function inheritedConstructor(prototype: object): unknown {
  const parentPrototype: unknown = Object.getPrototypeOf(prototype)
  if (typeof parentPrototype !== 'object' || parentPrototype === null) return undefined
  if (Object.getPrototypeOf(parentPrototype) === null) return undefined
  return parentPrototype.constructor
}

/** `Function.prototype`, of whatever context: what classes without a parent inherit from. */
function isRootFunction(parent: unknown): boolean {
  return typeof parent === 'function' && !Object.hasOwn(parent, 'prototype') && parent.name === ''
}
