/** Finds by identity what every Node process has, so that it travels by name. */

import { builtinModules } from 'node:module'
import type { Reference } from './shell.ts'

type Table = Map<unknown, Reference>
type Named = Extract<Reference, { path: string }>

/** What a process has before user code adds to it. */
const standardNames: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(globalThis))

/** Namespaces among the globals; other objects there hold the state of a process. */
const namespaces = [
  'Atomics',
  'Intl',
  'JSON',
  'Math',
  'Reflect',
  'WebAssembly',
  'console',
  'process',
  'globalThis',
]

/** Reading what is in these warns, or loads what hardly anybody sends. */
const avoidedModules = new Set([
  'punycode',
  'sys',
  'domain',
  'repl',
  'sqlite',
  'wasi',
  'trace_events',
  'test',
])

/** Whether a global of that name is there in every process without anybody's doing. */
export function isStandardGlobal(name: string): boolean {
  return standardNames.has(name)
}

export class Builtins {
  readonly #languages = new WeakMap<object, Table>()
  #objects: Table = new Map()
  #members: Table | undefined
  #modulesLoaded = 0
  #others: Table | undefined

  /** A namespace object like `Math`, or a builtin module. */
  findObject(value: object): Reference | undefined {
    this.#noteModules()
    return this.#objects.get(value)
  }

  /** A global function, or one of a builtin module; also those of another `vm` context, as the REPL has. */
  findFunction(value: object & { readonly name: string }): Reference | undefined {
    if (standardNames.has(value.name) && Reflect.get(globalThis, value.name) === value) {
      return { from: 'global', path: value.name }
    }
    const known = this.#language(globalThis).get(value) ?? this.#moduleMembers().get(value)
    if (known !== undefined) return known
    const global = value instanceof Function ? undefined : globalOf(value)
    if (global !== undefined) return this.#language(global).get(value)
    this.#others ??= table(globalThis, [...standardNames])
    return this.#others.get(value)
  }

  /** What the language itself has; the other globals take 30 ms to look at, because that loads them. */
  #language(global: object): Table {
    let known = this.#languages.get(global)
    if (known === undefined) {
      known = table(global, [...namespaces, ...languageNames])
      this.#languages.set(global, known)
    }
    return known
  }

  #moduleMembers(): Table {
    this.#noteModules()
    if (this.#members !== undefined) return this.#members
    this.#members = new Map()
    for (const [exports, reference] of this.#objects) {
      if (reference.from !== 'builtin' || !isCompound(exports)) continue
      addMembers(this.#members, exports, reference)
      if (typeof exports === 'function') this.#members.set(exports, reference)
    }
    return this.#members
  }

  /** Only modules that are loaded: nobody has a function of any other. */
  #noteModules(): void {
    // Not in the types, and the only list of what is loaded.
    const { moduleLoadList } = process as unknown as { moduleLoadList: readonly string[] }
    if (moduleLoadList.length === this.#modulesLoaded) return
    this.#modulesLoaded = moduleLoadList.length
    this.#members = undefined
    this.#objects = new Map()
    for (const path of namespaces) this.#objects.set(Reflect.get(globalThis, path), { from: 'global', path })
    this.#objects.set(process.env, { from: 'global', path: 'process.env' })
    const loaded = new Set(moduleLoadList.map((line) => line.replace('NativeModule ', '')))
    for (const name of builtinModules) {
      if (name.startsWith('_') || avoidedModules.has(name) || !loaded.has(name)) continue
      const exports: unknown = process.getBuiltinModule(name)
      if (!this.#objects.has(exports))
        this.#objects.set(exports, { from: 'builtin', module: `node:${name}`, path: '' })
    }
  }
}

/** The global object of the context that a function was made in. */
function globalOf({ constructor }: object): object | undefined {
  try {
    // In another context `Function` is that context's own, and makes functions of that context.
    const makeFunction = constructor as (body: string) => () => unknown
    const global = makeFunction('return globalThis')()
    return isCompound(global) ? global : undefined
  } catch {
    return undefined
  }
}

function table(global: object, names: readonly string[]): Table {
  const found: Table = new Map()
  for (const path of names) {
    const value: unknown = Reflect.get(global, path)
    if (!isCompound(value) || found.has(value)) continue
    if (typeof value !== 'function' && !namespaces.includes(path)) continue
    found.set(value, { from: 'global', path })
    if (path !== 'globalThis') addMembers(found, value, { from: 'global', path })
  }
  return found
}

/** Adds the functions in a value, some properties down; the first path found for a function is kept. */
function addMembers(found: Table, value: object, at: Named, depth = 3): void {
  if (depth === 0) return
  // One by one, because all descriptors at once would load what is only loaded when asked for.
  for (const key of Object.getOwnPropertyNames(value)) {
    const inner: unknown = Object.getOwnPropertyDescriptor(value, key)?.value
    if (key === 'constructor' || !isCompound(inner) || found.has(inner)) continue
    const reference: Named = { ...at, path: at.path === '' ? key : `${at.path}.${key}` }
    if (typeof inner === 'function') found.set(inner, reference)
    // A namespace within a namespace, such as `path.posix`, and what instances inherit.
    else if (key !== 'prototype' && at.path !== '') continue
    addMembers(found, inner, reference, depth - 1)
  }
}

function isCompound(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

const languageNames = [
  'Object Function Array Number parseFloat parseInt Boolean String Symbol Date Promise RegExp Error AggregateError',
  'EvalError RangeError ReferenceError SyntaxError TypeError URIError ArrayBuffer SharedArrayBuffer Uint8Array Int8Array',
  'Uint16Array Int16Array Uint32Array Int32Array Float32Array Float64Array Uint8ClampedArray BigUint64Array',
  'BigInt64Array DataView Map BigInt Set WeakMap WeakSet WeakRef Proxy FinalizationRegistry decodeURI',
  'decodeURIComponent encodeURI encodeURIComponent escape unescape eval isFinite isNaN Iterator Buffer',
].flatMap((line) => line.split(' '))
