/** Decides for each free variable of a function how it travels: by name, as a part of a module, or by value. */

import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Builtins } from './builtins.ts'
import { referencesName } from './compiled-names.ts'
import type { Target } from './graph-loading.ts'
import type { ImportedName } from './import-expression.ts'
import type { Inspected } from './inspector.ts'
import type { ModuleAnalysis } from './module-analysis.ts'
import type { ModuleGraph } from './module-graph.ts'
import { lookUp } from './scope-lookup.ts'
import type { ScriptAnalyses } from './script-analyses.ts'
import type { Cell } from './shared-variables.ts'
import type { Reference } from './shell.ts'
import type { Site } from './site.ts'
import { viteUrl } from './vite.ts'

export type Binding =
  | { readonly kind: 'value'; readonly value: unknown; readonly cell?: Cell }
  /** `isLive`: it may lead to another value later. `mayChange`: the variable may hold something else at the next call. */
  | {
      readonly kind: 'reference'
      readonly reference: Reference
      readonly isLive: boolean
      readonly mayChange?: boolean
    }
  | { readonly kind: 'global' | 'uninitialized' | 'missing' }

export interface Surroundings {
  readonly site: Site
  readonly inspected: Inspected
  /** The module that the function is a part of, if that is one that travels as such. */
  readonly module?: { readonly url: string; readonly id: string; readonly analysis: ModuleAnalysis }
}

export class VariableBinder {
  readonly #graph: ModuleGraph
  readonly #scripts: ScriptAnalyses
  readonly #builtins: Builtins

  constructor(graph: ModuleGraph, scripts: ScriptAnalyses, builtins: Builtins) {
    this.#graph = graph
    this.#scripts = scripts
    this.#builtins = builtins
  }

  bind(name: string, surroundings: Surroundings): Binding {
    const found = lookUp(name, surroundings.inspected.scopes)
    if (found.kind === 'reference') return { kind: 'reference', reference: found.reference, isLive: false }
    if (found.kind !== 'value') return { kind: found.kind }
    if (found.cell !== undefined) return found
    const { site, module } = surroundings
    const isTopLevel = site.isModule ? found.isModuleLevel : isOutermost(name, surroundings.inspected)
    const { value } = found
    if (isTopLevel && module?.analysis.bindings.has(name)) {
      const reference = { from: 'local', id: module.id, name } as const
      return { kind: 'reference', reference, isLive: this.#isLiveLocal(name, module) }
    }
    return (
      this.#special(name, value, site) ??
      (isTopLevel ? this.#imported(name, value, site) : undefined) ??
      this.#builtin(value, () => isTopLevel && this.#isConstant(name, site)) ?? { kind: 'value', value }
    )
  }

  #isLiveLocal(name: string, { url, analysis }: NonNullable<Surroundings['module']>): boolean {
    const imported = analysis.imports.get(name)
    if (imported?.kind !== 'import') return analysis.bindings.get(name) === 'mutable'
    const target = this.#graph.resolve({ kind: 'import', specifier: imported.specifier }, url)
    return target?.kind === 'module' && this.#graph.isMutable(target.url, imported.export)
  }

  /** What every CommonJS file and every file that tsx compiled has of its own. */
  #special(name: string, value: unknown, site: Site): Binding | undefined {
    if (typeof value !== 'function') return undefined
    if (name === 'require' && 'resolve' in value && 'cache' in value) {
      return { kind: 'reference', reference: { from: 'require', url: site.url }, isLive: false }
    }
    if (name === '__name' && /^\(target,\s*value\)\s*=>\s*__defProp\(/.test(String(value))) {
      return { kind: 'reference', reference: { from: 'helper', name }, isLive: false }
    }
    return undefined
  }

  #imported(name: string, value: unknown, site: Site): Binding | undefined {
    const analysis = this.#scripts.of(site)
    const imported = analysis?.imports.get(name)
    const mayChange = analysis?.bindings.get(name) === 'mutable'
    if (imported === undefined || !isWhatWasImported(imported, value, { site, mayChange })) return undefined
    const reference = this.referenceTo(imported, site.url)
    if (reference === undefined) return undefined
    const isLive = reference.from === 'module' && this.#isLiveImport(imported, site)
    return { kind: 'reference', reference, isLive, mayChange }
  }

  #isConstant(name: string, site: Site): boolean {
    return this.#scripts.of(site)?.bindings.get(name) === 'constant'
  }

  /** Whether the script that a function is from is in strict mode as a whole, as far as its text can be had. */
  isStrict(site: Site): boolean {
    return this.#scripts.of(site)?.isStrict === true
  }

  #isLiveImport(imported: ImportedName, site: Site): boolean {
    if (imported.kind !== 'import') return false
    const target = this.#graph.resolve({ kind: 'import', specifier: imported.specifier }, site.url)
    return target?.kind === 'module' && this.#graph.isMutable(target.url, imported.export)
  }

  /**
   * How something imported travels; undefined when it is not known where it comes from.
   *
   * @throws {UnsendableModule} when its module cannot be sent.
   */
  referenceTo(imported: ImportedName, parentUrl: string): Reference | undefined {
    const { specifier, export: exported, member } = imported
    const target = this.#targetOf(imported, parentUrl)
    switch (target?.kind) {
      case 'builtin':
        return { from: 'builtin', module: target.module, path: builtinPath(exported, member) }
      case 'runtime':
        return { from: 'runtime', export: member ?? (isWhole(exported) ? '*' : exported) }
      case 'external':
        return { from: 'external', specifier, export: exported, ...(member !== undefined && { member }) }
      case 'module': {
        const id = this.#graph.idOf(target, specifier)
        return { from: 'module', id, export: exported, ...(member !== undefined && { member }) }
      }
      case undefined:
        return undefined
    }
  }

  #targetOf({ kind, specifier }: ImportedName, parentUrl: string): Target | undefined {
    const edge = kind === 'vite' ? viteUrl(specifier) : { kind, specifier }
    return edge && this.#graph.resolve(edge, parentUrl)
  }

  #builtin(value: unknown, isConstant: () => boolean): Binding | undefined {
    const reference =
      typeof value === 'symbol'
        ? wellKnownSymbol(value)
        : typeof value === 'object' && value !== null
          ? this.#builtins.findObject(value)
          : undefined
    return reference && { kind: 'reference', reference, isLive: false, mayChange: !isConstant() }
  }
}

/** `Symbol.iterator` and its like are in every process. */
function wellKnownSymbol(value: symbol): Reference | undefined {
  const name = Object.getOwnPropertyNames(Symbol).find((each) => Reflect.get(Symbol, each) === value)
  return name === undefined ? undefined : { from: 'global', path: `Symbol.${name}` }
}

/**
 * In a script, whether no scope further out has a variable of the name, as only the top level's can claim. Of a function that
 * came from elsewhere the script is not around it: what it uses of its top level is among its references.
 */
function isOutermost(name: string, { scopes }: Inspected): boolean {
  const having = (key: string): number =>
    scopes.filter(({ kind, variables }) => kind !== 'Global' && Object.hasOwn(variables, key)).length
  return having(name) === 1 && having(referencesName) === 0
}

/** A variable of an inner function may have the name of one at the top level, and one that was assigned may hold anything. */
function isWhatWasImported(
  { kind, specifier, export: exported, member }: ImportedName,
  value: unknown,
  { site, mayChange }: { readonly site: Site; readonly mayChange: boolean },
): boolean {
  if (kind !== 'require' || exported !== 'module.exports') return !mayChange
  try {
    const require = createRequire(site.url)
    const path = require.resolve(specifier)
    const exports: unknown = require.cache[path]?.exports ?? process.getBuiltinModule(path)
    // What was loaded by other means is not in the cache.
    if (exports === undefined) return !mayChange
    const found: unknown = member === undefined ? exports : Reflect.get(Object(exports), member)
    return found === value
  } catch {
    return true
  }
}

function isWhole(exported: string): boolean {
  return exported === '*' || exported === 'module.exports' || /^__(toESM|vite)/.test(exported)
}

function builtinPath(exported: string, member: string | undefined): string {
  if (exported === '*' || (exported === '__vite' && member === undefined)) return '*'
  if (exported.startsWith('__toESM')) return member === undefined ? exported : builtinPath('', member)
  const name = member ?? exported
  return name === 'module.exports' || name === 'default' ? '' : name
}

const { cache: commonJsCache } = createRequire(import.meta.url)

/** The CommonJS module that is loaded in this process from a URL, or undefined. */
export function loadedCommonJs(url: string): NodeJS.Module | undefined {
  return url.startsWith('file:') ? commonJsCache[fileURLToPath(url)] : undefined
}
