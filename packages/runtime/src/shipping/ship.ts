/** Describes functions, so that others can make them anew: the sender's side of how functions travel. */

import { types } from 'node:util'
import { type FunctionUse, SerializationError } from '@dialback/protocol'
import { describeBound } from './bound-function.ts'
import { Builtins } from './builtins.ts'
import type { CodeOptions, ResolvedCodeOptions } from './code-options.ts'
import type { DescribedFunction } from './described-function.ts'
import { analyzeFunction, type FunctionSource } from './free-variables.ts'
import { type FunctionRegistry, referenceName } from './function-registry.ts'
import { heldByModule } from './held-by-module.ts'
import { type Inspected, Inspector } from './inspector.ts'
import type { DeclaredFunction } from './module-analysis.ts'
import { ModuleGraph, type SentModules } from './module-graph.ts'
import { UnsendableModule } from './module-source.ts'
import { hasSameMembers, isBare, membersOf } from './own-state.ts'
import { describeRevived } from './revived-description.ts'
import { type Found, lookUp } from './scope-lookup.ts'
import { ScriptAnalyses } from './script-analyses.ts'
import { SharedVariables } from './shared-variables.ts'
import { type FunctionShell, type ModuleFile, modulesNamedBy, type Reference } from './shell.ts'
import { describePlace, type Site, siteOf } from './site.ts'
import { SourceDescriber } from './source-description.ts'
import { loadedCommonJs, type Surroundings, VariableBinder } from './variable-binding.ts'

export interface ShipperOptions extends CodeOptions {
  /** The namespace of `@dialback/manager`, whose functions travel by name. */
  readonly runtimeModule: Readonly<Record<string, unknown>>
  /** Whether a specifier, or the URL that it leads to, is `@dialback/manager` or a part of it. `url` is empty at first. */
  isRuntimeModule(specifier: string, url: string): boolean
  /** The URLs of the program, which travels by value. */
  readonly programs: ReadonlySet<string>
  /** Remembers functions that come back; shared with the `Reviver` of the same thread. */
  readonly registry: FunctionRegistry
  /** Modules that this thread was sent: the `ModuleStore` of its `Reviver`. */
  readonly sent?: SentModules
}

/** A variable of a module of this process. */
export interface ModuleVariable {
  get(): unknown
  set(value: unknown): void
}

interface Constant {
  readonly described: DescribedFunction
  readonly members: readonly unknown[]
}

export class Shipper {
  readonly #options: ShipperOptions
  readonly #inspector = new Inspector()
  /** What the functions of one body share; whoever encodes bodies asks it whether to do so again. */
  readonly shared: SharedVariables = new SharedVariables(this.#inspector.debugger)
  readonly #builtins = new Builtins()
  readonly #scripts = new ScriptAnalyses(this.#inspector.debugger)
  readonly #graph: ModuleGraph
  readonly #binder: VariableBinder
  readonly #describer: SourceDescriber
  readonly #runtimeNames: ReadonlyMap<unknown, string>
  /** Functions that captured nothing: their description never changes. */
  #constants = new WeakMap<object, Constant>()

  constructor(options: ShipperOptions) {
    this.#options = options
    this.#graph = new ModuleGraph({
      isRuntimeModule: (specifier, url) => options.isRuntimeModule(specifier, url),
      isEntry: (url) => this.#isEntry(url),
      code: withDefaults(options),
      textOf: (url) => this.#inspector.debugger.textOf(url),
      instanceOf: loadedCommonJs,
      isOnDisk: (url) => this.#scripts.isOnDisk(url),
      ...(options.sent !== undefined && { sent: options.sent }),
    })
    const binder = new VariableBinder(this.#graph, this.#scripts, this.#builtins)
    this.#binder = binder
    this.#describer = new SourceDescriber({
      binder,
      graph: this.#graph,
      inspector: this.#inspector,
      registry: options.registry,
      shared: this.shared,
    })
    this.#runtimeNames = new Map(Object.entries(options.runtimeModule).map(([name, value]) => [value, name]))
  }

  /**
   * Describes a function. What it captured is as of now; a function that captured nothing costs only the first time.
   * `use` is `class` for the class of an instance that travels.
   *
   * @throws {SerializationError} when it cannot be made anew elsewhere.
   */
  describeFunction(
    fn: object & { readonly name: string },
    path: string,
    use: FunctionUse = 'value',
  ): DescribedFunction {
    const constant = this.#constants.get(fn)
    if (constant !== undefined && hasSameMembers(fn, constant.members)) return constant.described
    const described = this.#describe(fn, path, use)
    if (Object.keys(described.captured).length === 0 && described.mayChange !== true) {
      this.#constants.set(fn, { described, members: membersOf(fn) })
    }
    return described
  }

  /** Changes what is taken from the worker's image, from now on. */
  configure(code: CodeOptions): void {
    this.#graph.configure(withDefaults(code))
    this.#constants = new WeakMap()
  }

  /** A module as it is sent. */
  toSend(file: ModuleFile): ModuleFile {
    return this.#graph.toSend(file)
  }

  /** The modules that a shell needs, with all that they import, in an order in which they can be sent. */
  modulesOf(shell: FunctionShell): readonly ModuleFile[] {
    return this.#graph.files(modulesNamedBy(shell))
  }

  /** A module that this process has itself, for references that come back. */
  ownModule(id: string): ModuleFile | undefined {
    return this.#graph.ownFile(id)
  }

  /** A variable at the top level of a module, exported or not, found through what it does export. */
  variableBehind(exports: object, name: string): ModuleVariable | undefined {
    const whole: unknown = Reflect.get(exports, 'default')
    const values = [exports, whole].flatMap((holder): unknown[] => Object.values(Object(holder) as object))
    for (const exported of values) {
      if (typeof exported !== 'function') continue
      const read = (): Found => lookUp(name, this.#inspector.inspect(exported).scopes)
      if (read().kind !== 'value') continue
      const get = (): unknown => {
        const found = read()
        return found.kind === 'value' ? found.value : undefined
      }
      return { get, set: (value) => this.#inspector.debugger.variableOf(exported, name)?.set(value) }
    }
    return undefined
  }

  /** What a module of this process imports under a name. */
  importedBy(id: string, name: string): Reference | undefined {
    const url = this.ownModule(id)?.url
    const imported = url === undefined ? undefined : this.#graph.analysisOf(url)?.imports.get(name)
    return url === undefined || imported === undefined ? undefined : this.#binder.referenceTo(imported, url)
  }

  /** The names of the private members that instances of a class have, its parents' included: these do not travel. */
  privateMembersOf(fn: object): readonly string[] {
    const names: string[] = []
    for (let each: unknown = fn; typeof each === 'function'; each = Object.getPrototypeOf(each)) {
      const text = Function.prototype.toString.call(each)
      if (!/^class\b/.test(text)) break
      if (text.includes('#')) names.push(...analyzed(text, each.name).privateMembers)
    }
    return names
  }

  #describe(fn: object & { readonly name: string }, path: string, use: FunctionUse): DescribedFunction {
    const runtimeName = this.#runtimeNames.get(fn)
    if (runtimeName !== undefined) return byReference({ from: 'runtime', export: runtimeName })
    const revived = this.#options.registry.shellOf(fn)
    if (revived !== undefined) {
      const inspected = this.#inspector.inspect(fn)
      return describeRevived({ fn, shell: revived, inspected, path }, this.#options.registry)
    }
    const text = Function.prototype.toString.call(fn)
    if (/\{\s*\[native code\]\s*\}$/.test(text)) return this.#describeBuiltin(fn, path, use)
    const source = analyzed(text, path)
    const inspected = this.#inspector.inspect(fn)
    const site = siteOf(text, source, inspected, this.#inspector.debugger)
    if (site === undefined || site.url.startsWith('node:')) return this.#describeBuiltin(fn, path, use)
    try {
      const surroundings = this.#surroundings(fn, source, site, inspected)
      return (
        this.#asPartOfModule(fn, surroundings) ?? this.#describer.describe(fn, source, surroundings, path)
      )
    } catch (error) {
      if (!(error instanceof UnsendableModule)) throw error
      const specifiers = Array.isArray(error.cause)
        ? error.cause.map((name) => ` › imports "${String(name)}"`)
        : []
      throw new SerializationError(
        `${path}${specifiers.join('')}`,
        `${error.message} (${describePlace(site, 0)})`,
      )
    }
  }

  #describeBuiltin(
    fn: object & { readonly name: string },
    path: string,
    use: FunctionUse,
  ): DescribedFunction {
    const reference = this.#builtins.findFunction(fn)
    if (reference !== undefined) return byReference(reference)
    const { bound } = this.#inspector.inspect(fn)
    if (bound !== undefined) return describeBound(fn, bound)
    if (use === 'class') throw new SerializationError(path, fn.name)
    const what = types.isProxy(fn) ? 'a Proxy' : `${fn.name || 'a function'} of Node.js itself`
    throw new SerializationError(path, `${what}; send a function that calls it`)
  }

  /** Only what uses variables of its module, or is a class of it, has anything to do with the instance of it there. */
  #surroundings(fn: object, source: FunctionSource, site: Site, inspected: Inspected): Surroundings {
    const isAlone = source.free.length === 0 && source.metaName === undefined
    const isApart = source.kind !== 'class' && isAlone && isBare(fn)
    if (isApart) return { site, inspected }
    this.#scripts.note(site)
    if (!this.#isImportedModule(site) || this.#graph.isProgram(site)) return { site, inspected }
    const id = this.#graph.idOf(site)
    const analysis = this.#graph.analysisOf(site.url)
    return analysis === undefined
      ? { site, inspected }
      : { site, inspected, module: { url: site.url, id, analysis } }
  }

  #isImportedModule({ url, isModule }: Site): boolean {
    if (!url.startsWith('file:') || this.#isEntry(url)) return false
    return isModule || loadedCommonJs(url) !== undefined
  }

  #asPartOfModule(fn: object, { site, module, inspected }: Surroundings): DescribedFunction | undefined {
    if (module === undefined) return undefined
    const declared = this.#graph.declaredAt(module.url, site)
    const reference =
      declared === undefined ? heldByModule(fn, module, inspected) : referenceToDeclared(declared, module.id)
    if (reference === undefined) return undefined
    const name = referenceName(reference)
    if (name !== undefined) this.#options.registry.set(name, fn)
    return byReference(reference)
  }

  #isEntry(url: string): boolean {
    return this.#options.programs.has(url) || isTypedIn(url)
  }
}

function referenceToDeclared({ local }: DeclaredFunction, id: string): Reference {
  return local === undefined ? { from: 'module', id, export: 'default' } : { from: 'local', id, name: local }
}

function withDefaults({ external = [], code = 'ship' }: CodeOptions): ResolvedCodeOptions {
  return { external, code }
}

/** Whether a module is in no file: the argument of `node -e`, or what came through the standard input. */
function isTypedIn(url: string): boolean {
  return /\/\[(eval\d*|stdin)\]$/.test(url)
}

function byReference(reference: Reference): DescribedFunction {
  return { shell: { kind: 'reference', reference }, captured: {} }
}

function analyzed(text: string, path: string): FunctionSource {
  try {
    return analyzeFunction(text)
  } catch (error) {
    throw new SerializationError(path, 'its source cannot be parsed', { cause: error })
  }
}
