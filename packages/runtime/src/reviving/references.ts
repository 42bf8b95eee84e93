/** Finds what references lead to in this thread. */

import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ProtocolError } from '@dialback/protocol'
import { type FunctionRegistry, referenceName } from '../shipping/function-registry.ts'
import { resolveSpecifier } from '../shipping/resolver.ts'
import { isModuleId, type Reference } from '../shipping/shell.ts'
import { importModule } from './import-module.ts'
import { type ModuleStore, runtimeUrl } from './module-store.ts'

type Namespace = Readonly<Record<string, unknown>>

/** A variable that is read, and possibly written, at each use. */
export interface LiveVariable {
  get(): unknown
  set(value: unknown): void
}

export interface ReferencesOptions {
  /** The namespace of `@dialback/manager` in this thread. */
  readonly runtimeModule: Namespace
  readonly store: ModuleStore
  /** Shared with the `Shipper` of the same thread. */
  readonly registry: FunctionRegistry
  /** Finds a variable that a module of this process has at its top level but does not export. */
  readonly ownVariable?: ((exports: object, name: string) => LiveVariable | undefined) | undefined
  /** Finds what a module of this process imports under a name. */
  readonly ownImport?: ((id: string, name: string) => Reference | undefined) | undefined
}

export class References {
  readonly #store: ModuleStore
  readonly #registry: FunctionRegistry
  readonly #runtimeModule: Namespace
  readonly #ownVariable: ReferencesOptions['ownVariable']
  readonly #ownImport: ReferencesOptions['ownImport']

  constructor({ store, registry, runtimeModule, ownVariable, ownImport }: ReferencesOptions) {
    this.#store = store
    this.#registry = registry
    this.#runtimeModule = runtimeModule
    this.#ownVariable = ownVariable
    this.#ownImport = ownImport
  }

  /** @throws {ProtocolError} when there is no such thing here, or its module was not prepared. */
  resolve(reference: Reference): unknown {
    switch (reference.from) {
      case 'global':
        return follow(globalThis, reference.path, 'globalThis')
      case 'builtin':
        return builtin(reference.module, reference.path)
      case 'runtime':
        return reference.export === '*'
          ? this.#runtimeModule
          : follow(this.#runtimeModule, reference.export, '@dialback/manager')
      case 'module':
        return this.#own(reference) ?? this.#exported(reference)
      case 'local':
        return this.#own(reference) ?? this.#local(reference)
      case 'external':
        // Synchronous: what is in the image may be anything but a module that awaits at its top level.
        return exportOf(externalNamespace(reference.specifier), reference.export, reference.member)
      case 'require':
        return createRequire(directoryUrl(reference.url))
      case 'import':
        return (specifier: unknown, options?: ImportCallOptions) =>
          importModule(this.#importTarget(String(specifier), reference.url), options)
      case 'meta':
        return importMeta(reference.url)
      case 'helper':
        return setName
    }
  }

  /** @throws {ProtocolError} as `resolve` does. */
  live(reference: Reference): LiveVariable {
    if (reference.from !== 'local') return { get: () => this.resolve(reference), set: refuseToSet }
    const accessors = this.#store.accessorsOf(reference.id)
    const { id, name } = reference
    if (accessors === undefined) {
      const set = (value: unknown): void => {
        const variable = this.#ownVariable?.(this.#store.namespaceOf(id), name)
        if (variable === undefined)
          throw new ProtocolError(`Variable ${name} of a module cannot be assigned from here`)
        variable.set(value)
      }
      return { get: () => this.resolve(reference), set }
    }
    return {
      get: () => accessors[name],
      set: (value) => {
        accessors[name] = value
      },
    }
  }

  /** A function that came from this process in the first place. */
  #own(reference: Reference): object | undefined {
    const name = referenceName(reference)
    return name === undefined ? undefined : this.#registry.get(name)
  }

  #importTarget(specifier: string, parentUrl: string): string {
    const target = this.#store.targetOf(`import ${specifier}`, parentUrl)
    if (target === 'runtime') return runtimeUrl
    if (target !== undefined && isModuleId(target)) return this.#store.urlOf(target)
    const parent = target === 'external' ? pathToFileURL(`${process.cwd()}/`).href : parentUrl
    return (resolveSpecifier('import', specifier, parent) ?? beside(specifier, parent))?.url ?? specifier
  }

  #exported(reference: Extract<Reference, { from: 'module' }>): unknown {
    const namespace = this.#store.namespaceOf(reference.id)
    const isModule = reference.export === 'module.exports' && !('module.exports' in namespace)
    const holder = isModule && 'default' in namespace ? required(this.#store.urlOf(reference.id)) : undefined
    return exportOf(holder ?? namespace, reference.export, reference.member)
  }

  #local({ id, name }: Extract<Reference, { from: 'local' }>): unknown {
    const accessors = this.#store.accessorsOf(id)
    if (accessors !== undefined && name in accessors) return accessors[name]
    const namespace = this.#store.namespaceOf(id)
    if (name in namespace) return namespace[name]
    const found = this.#ownVariable?.(namespace, name)
    if (found !== undefined) return found.get()
    // Nothing that the module exports was made in it, so that it shows none of its variables: what others made for it does not.
    const imported = this.#ownImport?.(id, name)
    if (imported !== undefined) return this.#imported(imported)
    throw new ProtocolError(
      `Cannot receive what uses ${name} of module ${id}, which does not export it: send plain data instead`,
    )
  }

  /** By `require`, as the module is loaded, and nobody has prepared it. */
  #imported(reference: Reference): unknown {
    if (reference.from !== 'module') return this.resolve(reference)
    const holder = required(this.#store.urlOf(reference.id))
    const namespace = holder === undefined ? this.#store.namespaceOf(reference.id) : namespaceOf(holder)
    return exportOf(namespace, reference.export, reference.member)
  }
}

/** What `require` gives of a module that has a default export: not quite its namespace, for it says that it is a module. */
function required(url: string): Namespace | undefined {
  try {
    return createRequire(url)(fileURLToPath(url)) as Namespace
  } catch {
    // A second version of a file has a URL that is no path.
    return undefined
  }
}

function exportOf(namespace: Namespace, name: string, member: string | undefined): unknown {
  const value = wholeOrExport(namespace, name)
  return member === undefined ? value : follow(value, member, name)
}

function wholeOrExport(namespace: Namespace, name: string): unknown {
  if (name === '*') return namespace
  const required = 'module.exports' in namespace ? namespace['module.exports'] : namespace
  if (name === 'module.exports') return required
  if (name === '__vite') return required === namespace ? namespace : viteNamespace(required)
  if (name.startsWith('__toESM')) return toNamespace(required, name === '__toESM node')
  // What this process has itself of a CommonJS module is found without the names that an import gives its members.
  const holder = name in namespace ? namespace : (Object(required) as Namespace)
  if (!(name in holder)) throw new ProtocolError(`A module has no export ${name}`)
  return holder[name]
}

/** What esbuild's `__toESM` does, which compiled code imports CommonJS modules through. */
function toNamespace(required: unknown, isNodeMode: boolean): object {
  const from = Object(required) as Namespace
  const namespace = Object.create(Object.getPrototypeOf(from) as object | null) as object
  const isOwn = isNodeMode || from.__esModule !== true
  if (isOwn) Object.defineProperty(namespace, 'default', { value: required, enumerable: true })
  for (const key of Object.getOwnPropertyNames(from)) {
    if (Object.hasOwn(namespace, key)) continue
    const enumerable = Object.prototype.propertyIsEnumerable.call(from, key)
    Object.defineProperty(namespace, key, { get: () => from[key], enumerable })
  }
  return namespace
}

/** What Vitest gives for a CommonJS module: all its properties, whether or not Node finds them in its source. */
function viteNamespace(required: unknown): object {
  const from = Object(required) as Namespace
  return toNamespace(required, !('__esModule' in from && 'default' in from))
}

function externalNamespace(specifier: string): Namespace {
  return namespaceOf(requireExternal(specifier))
}

/** Of what `require` gave, be it a module's or a CommonJS file's. */
function namespaceOf(exports: unknown): Namespace {
  if (
    typeof exports === 'object' &&
    exports !== null &&
    Reflect.get(exports, Symbol.toStringTag) === 'Module'
  ) {
    return exports as Namespace
  }
  return { ...(Object(exports) as Namespace), default: exports, 'module.exports': exports }
}

function requireExternal(specifier: string): unknown {
  try {
    return createRequire(pathToFileURL(`${process.cwd()}/`))(specifier)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ProtocolError(`Cannot load ${specifier} from the worker's image: ${why}`, { cause })
  }
}

function builtin(name: string, path: string): unknown {
  const module: unknown = process.getBuiltinModule(name)
  if (module === undefined) throw new ProtocolError(`There is no builtin module ${name} here`)
  if (path.startsWith('__toESM')) return toNamespace(module, path === '__toESM node')
  if (path !== '*') return path === '' ? module : follow(module, path, name)
  return builtinNamespace(Object(module) as object)
}

/** What `import * as` gives. Its properties are read when they are used, because that loads some, and warns of others. */
function builtinNamespace(module: object): object {
  const namespace = Object.create(null, { [Symbol.toStringTag]: { value: 'Module' } }) as object
  for (const key of [...Object.keys(module), 'default'].toSorted()) {
    const get = (): unknown => (key === 'default' ? module : Reflect.get(module, key))
    Object.defineProperty(namespace, key, { get, enumerable: true })
  }
  return namespace
}

function follow(from: unknown, path: string, name: string): unknown {
  let value = from
  for (const key of path.split('.')) {
    if (value === null || value === undefined || !(key in (Object(value) as object))) {
      throw new ProtocolError(`There is no ${path} in ${name} here`)
    }
    value = Reflect.get(Object(value) as object, key)
  }
  return value
}

function importMeta(url: string): object {
  const resolve = (specifier: string): string => {
    const resolved = resolveSpecifier('import', specifier, url) ?? beside(specifier, url)
    if (resolved === undefined) throw new TypeError(`Cannot resolve "${specifier}" from ${url}`)
    return resolved.url
  }
  const meta = { __proto__: null, url, resolve, main: false }
  if (!url.startsWith('file:')) return meta
  const filename = fileURLToPath(url)
  return { ...meta, filename, dirname: fileURLToPath(new URL('.', url)).replace(/(?<=.)\/$/, '') }
}

/** Of a path or URL Node does not ask whether there is such a file. */
function beside(specifier: string, url: string): { readonly url: string } | undefined {
  const isPath = /^\.{0,2}\//.test(specifier)
  return isPath || URL.canParse(specifier) ? { url: new URL(specifier, url).href } : undefined
}

function directoryUrl(url: string): string {
  return url.startsWith('file:') ? url : pathToFileURL(`${process.cwd()}/`).href
}

function setName(target: object, value: string): object {
  return Object.defineProperty(target, 'name', { value, configurable: true })
}

function refuseToSet(): never {
  throw new TypeError('Assignment to constant variable.')
}
