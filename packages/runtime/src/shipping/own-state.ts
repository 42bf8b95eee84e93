/** What a function holds besides its source: properties of its own, static fields, its parent class. */

import type { FunctionSource } from './free-variables.ts'
import type { Inspected } from './inspector.ts'
import type { SourceShell } from './shell.ts'

export interface OwnState {
  /** By name, those of the function with a dot in front, those of its `prototype` with `.prototype.`. */
  readonly properties: ReadonlyMap<string, unknown>
  /** Members of a class that are also other members of it: the name of each, named as above, and that of the other. */
  readonly aliases: ReadonlyMap<string, string>
  readonly privateStatics: Readonly<Record<string, unknown>>
  /** Undefined where there is none to be set. */
  readonly parent?: unknown
}

const ownNames: ReadonlySet<string> = new Set(['length', 'name', 'prototype', 'arguments', 'caller'])

/** What a function and its `prototype` have of their own: cheap, to be asked at each call. */
export function membersOf(fn: object): readonly unknown[] {
  const members: unknown[] = []
  const prototype: unknown = Object.getOwnPropertyDescriptor(fn, 'prototype')?.value
  for (const holder of [fn, prototype]) {
    if ((typeof holder !== 'object' && typeof holder !== 'function') || holder === null) continue
    for (const key of Reflect.ownKeys(holder)) {
      const descriptor = Object.getOwnPropertyDescriptor(holder, key) ?? {}
      members.push(key, descriptor.value, Reflect.get(descriptor, 'get'))
    }
  }
  return members
}

/** Whether a function has what it had. */
export function hasSameMembers(fn: object, before: readonly unknown[]): boolean {
  const now = membersOf(fn)
  return now.length === before.length && now.every((member, i) => Object.is(member, before[i]))
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
    const isInSource = source.staticMembers.has(name) && isWrittenIn(text, name, value)
    if (!ownNames.has(name) && !isInSource) properties.set(`.${name}`, value)
  }
  const prototype: unknown = Object.getOwnPropertyDescriptor(fn, 'prototype')?.value
  if (source.kind === 'class') {
    addInherited(prototype, properties, (name, value) => !isWrittenIn(text, name, value))
    const aliases = takeAliases(properties, text, { fn, prototype })
    return { properties, aliases, privateStatics: inspected.privateStatics, ...parentOfClass(fn) }
  }
  const none = { aliases: new Map<string, string>(), privateStatics: {} }
  if (source.kind === 'arrow' || !isConstructor(fn, prototype)) return { properties, ...none }
  addInherited(prototype, properties, () => true)
  return { properties, ...none, ...parentOfFunction(prototype) }
}

/** The names of what was added to a function or its instances after it was made. */
export function memberNames({ properties, aliases }: OwnState): Pick<SourceShell, 'properties' | 'aliases'> {
  return {
    ...(properties.size > 0 && { properties: [...properties.keys()] }),
    ...(aliases.size > 0 && { aliases: Object.fromEntries(aliases) }),
  }
}

/** Puts what a function holds among the values that travel with it. */
export function addState(state: OwnState, captured: Record<string, unknown>): void {
  for (const [name, value] of state.properties) captured[name] = value
  for (const [name, value] of Object.entries(state.privateStatics)) captured[`#${name}`] = value
  if ('parent' in state) captured.extends = state.parent
}

function addInherited(
  prototype: unknown,
  properties: Map<string, unknown>,
  isAdded: (name: string, value: unknown) => boolean,
): void {
  for (const [name, value] of dataProperties(Object(prototype) as object)) {
    if (name !== 'constructor' && isAdded(name, value)) properties.set(`.prototype.${name}`, value)
  }
}

function* dataProperties(object: object): Generator<[string, unknown]> {
  for (const name of Object.getOwnPropertyNames(object)) {
    const descriptor = Object.getOwnPropertyDescriptor(object, name)
    if (descriptor !== undefined && 'value' in descriptor) yield [name, descriptor.value]
  }
}

/** Whether a member of a class is what the class itself defines, and not what a decorator or somebody else put there. */
function isWrittenIn(text: string, name: string, member: unknown): boolean {
  if (typeof member !== 'function' || member.name !== name) return false
  return text.includes(Function.prototype.toString.call(member))
}

/** Takes out what is a member by another name, as in `List.prototype.each = List.prototype.forEach`. */
function takeAliases(
  properties: Map<string, unknown>,
  text: string,
  { fn, prototype }: { readonly fn: object; readonly prototype: unknown },
): ReadonlyMap<string, string> {
  const aliases = new Map<string, string>()
  for (const [name, value] of properties) {
    if (typeof value !== 'function' || properties.has(holderOf(name) + value.name)) continue
    const holder = name.startsWith(inherited) ? (Object(prototype) as object) : fn
    const original: unknown = Object.getOwnPropertyDescriptor(holder, value.name)?.value
    if (original !== value || !isWrittenIn(text, value.name, value)) continue
    aliases.set(name, value.name)
    properties.delete(name)
  }
  return aliases
}

const inherited = '.prototype.'

function holderOf(name: string): string {
  return name.startsWith(inherited) ? inherited : '.'
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
