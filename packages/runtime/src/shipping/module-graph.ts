/** The modules that functions refer to, with all that these import: each file once, as it is sent to workers. */

import { pathToFileURL } from 'node:url'
import type { ResolvedCodeOptions } from './code-options.ts'
import { contentId, type Failure, loadGraph, type ModuleNode, type Target } from './graph-loading.ts'
import { analyzeModule, type DeclaredFunction, type ModuleAnalysis } from './module-analysis.ts'
import type { ModuleEdge } from './module-scan.ts'
import { UnsendableModule } from './module-source.ts'
import { resolveSpecifier } from './resolver.ts'
import { isModuleId, type ModuleFile } from './shell.ts'
import { offsetIn, type Site } from './site.ts'
import { sourceMapOf } from './source-maps.ts'
import type { ScriptText } from './v8-debugger.ts'

/** Modules that this process or thread was sent itself. */
export interface SentModules {
  file(id: string): ModuleFile | undefined
  /** The file that was loaded under a URL, and the URL that an id was loaded under. */
  fileAt(url: string): ModuleFile | undefined
  urlOf(id: string): string
  /** What a specifier leads to in a module or function that was sent here, as in `ModuleFile.imports`. */
  targetOf(key: string, parentUrl: string): string | undefined
  /** All that the specifiers of functions from a file lead to. */
  functionImports(parentUrl: string): Readonly<Record<string, string>>
}

export interface ModuleGraphOptions {
  /** Whether what a specifier leads to is `@dialback/manager` or a part of it; `url` is empty while that is not known. */
  isRuntimeModule(specifier: string, url: string): boolean
  /** Whether a file is the program that was started, which must not run again elsewhere. */
  isEntry(url: string): boolean
  /** What is taken from the worker's image. */
  readonly code: ResolvedCodeOptions
  /** The text of a file as it was compiled; undefined when it was not loaded. */
  textOf(url: string): ScriptText | undefined
  /** What a file was loaded as, if that may be another one later: a CommonJS module. */
  instanceOf?(url: string): object | undefined
  /** Whether a file is on the disk as it was loaded, apart from its types. */
  isOnDisk(url: string): boolean
  readonly sent?: SentModules
}

export class ModuleGraph {
  readonly #options: ModuleGraphOptions
  #code: ResolvedCodeOptions
  readonly #nodes = new Map<string, ModuleNode | Failure>()
  readonly #instances = new Map<string, object | undefined>()
  readonly #files = new Map<string, ModuleFile>()
  /** What `files` gave, for a large package is looked through at each call otherwise. */
  readonly #closures = new Map<string, readonly ModuleFile[]>()
  readonly #sourceMaps = new Map<string, string>()

  constructor(options: ModuleGraphOptions) {
    this.#options = options
    this.#code = options.code
  }

  /** Changes what is taken from the worker's image; what was found so far is forgotten. */
  configure(code: ResolvedCodeOptions): void {
    this.#code = code
    this.#nodes.clear()
    this.#closures.clear()
  }

  /** A module as it is sent. */
  toSend(file: ModuleFile): ModuleFile {
    const isSent = this.#code.code === 'ship' || file.format === 'source-map'
    return isSent || this.ownFile(file.id) === undefined ? file : { ...file, code: '', isFromImage: true }
  }

  resolve(edge: Pick<ModuleEdge, 'kind' | 'specifier'>, parentUrl: string): Target | undefined {
    const { specifier } = edge
    const { sent } = this.#options
    if (this.#code.external.some((name) => specifier === name || specifier.startsWith(`${name}/`)))
      return { kind: 'external' }
    const to = sent?.targetOf(`${edge.kind} ${specifier}`, parentUrl)
    if (to === 'runtime' || to === 'external') return { kind: to }
    if (to !== undefined && sent !== undefined) return { kind: 'module', url: sent.urlOf(to) }
    if (this.#options.isRuntimeModule(specifier, '')) return { kind: 'runtime' }
    const resolved = resolveSpecifier(edge.kind, specifier, baseOf(parentUrl))
    if (resolved === undefined || resolved.url.startsWith('data:')) return undefined
    if (resolved.url.startsWith('node:')) return { kind: 'builtin', module: resolved.url }
    const isRuntime = this.#options.isRuntimeModule(specifier, resolved.url)
    return isRuntime ? { kind: 'runtime' } : { kind: 'module', ...resolved }
  }

  /**
   * Gives the id of the module at a URL, which is then ready to be sent with all that it imports. `specifier` is for the
   * error, where the module is imported by a function itself.
   *
   * @throws {UnsendableModule} when it or anything that it cannot do without cannot be sent.
   */
  idOf({ url, format }: { readonly url: string; readonly format?: string }, specifier?: string): string {
    const node = this.#node(url, format)
    if ('file' in node) return node.file.id
    const specifiers = specifier === undefined ? node.specifiers : [specifier, ...node.specifiers]
    const name = node.isAddon ? specifiers.map(packageName).find((each) => each !== undefined) : undefined
    const advice = name === undefined ? '' : ` and named in { external: ['${name}'] }`
    throw new UnsendableModule(`${node.what}${advice}`, { cause: specifiers })
  }

  /** Whether what is at a URL must not run again, so that its functions travel by value. */
  isProgram({ url, format }: { readonly url: string; readonly format?: string }): boolean {
    const node = this.#node(url, format)
    return 'what' in node && node.isProgram === true
  }

  /** What `import(…)` leads to in functions that came here from a file. */
  importsSentFrom(url: string): Readonly<Record<string, string>> {
    return this.#options.sent?.functionImports(url) ?? {}
  }

  /** What is known about the module at a URL; undefined when it cannot be sent. */
  analysisOf(url: string): ModuleAnalysis | undefined {
    const node = this.#node(url)
    return 'file' in node ? node.analysis : undefined
  }

  /** The function or class that a module declares at a place at its top level, unless its variable may hold another one. */
  declaredAt(url: string, site: Site): DeclaredFunction | undefined {
    const node = this.#node(url)
    if (!('file' in node)) return undefined
    const declared = node.analysis?.declared.get(offsetIn(node.file.code, site))
    const isMutable =
      declared?.local !== undefined && node.analysis?.bindings.get(declared.local) === 'mutable'
    return isMutable ? undefined : declared
  }

  /** A module that this process has itself. */
  ownFile(id: string): ModuleFile | undefined {
    return this.#options.sent?.file(id) === undefined ? this.#files.get(id) : undefined
  }

  /** Modules with all that they import, each after what it imports, as far as there is no circle. */
  files(ids: readonly string[]): readonly ModuleFile[] {
    const key = ids.join()
    const known = this.#closures.get(key)
    if (known !== undefined) return known
    const found: ModuleFile[] = []
    const seen = new Set<string>()
    let isWhole = true
    const add = (id: string): void => {
      const file = this.#files.get(id) ?? this.#options.sent?.file(id)
      if (file === undefined) isWhole = false
      if (file === undefined || seen.has(id)) return
      seen.add(id)
      for (const target of Object.values(file.imports)) if (isModuleId(target)) add(target)
      found.push(file)
    }
    for (const id of ids) add(id)
    // What was sent here may be followed by what it imports.
    if (isWhole) this.#closures.set(key, found)
    return found
  }

  /** The id of the source map of a script that a compiler such as tsx wrote, without the sources themselves. */
  sourceMapAt(url: string): string | undefined {
    if (this.#sourceMaps.has(url) || !url.startsWith('file:')) return this.#sourceMaps.get(url)
    const payload = sourceMapOf(url)?.payload
    if (payload === undefined) return undefined
    const { version, sources, names, mappings } = payload
    const code = JSON.stringify({ version, sources, names, mappings })
    const id = contentId(url, 'source-map', code)
    this.#files.set(id, { id, url, code, format: 'source-map', imports: {} })
    this.#sourceMaps.set(url, id)
    return id
  }

  /** Whether an export may get another value after its module was loaded. */
  isMutable(url: string, name: string, depth = 0): boolean {
    const analysis = this.analysisOf(url)
    if (analysis === undefined || depth > 20) return false
    const follow = (specifier: string, exported: string): boolean => {
      const target = this.resolve({ kind: 'import', specifier }, url)
      return target?.kind === 'module' && this.isMutable(target.url, exported, depth + 1)
    }
    const source = analysis.exports.get(name)
    if (source === undefined)
      return name !== 'default' && analysis.stars.some((specifier) => follow(specifier, name))
    if ('specifier' in source) return follow(source.specifier, source.export)
    const imported = analysis.imports.get(source.local)
    if (imported?.kind === 'import') return follow(imported.specifier, imported.export)
    return analysis.bindings.get(source.local) === 'mutable'
  }

  #node(url: string, format?: string): ModuleNode | Failure {
    const known = this.#known(url)
    if (known !== undefined) return known
    const options = this.#options
    const loaded = loadGraph(url, format, {
      resolve: (edge, parentUrl) => this.resolve(edge, parentUrl),
      isFromImage: this.#code.code === 'image',
      textOf: (other) =>
        this.#code.code === 'image' || options.isOnDisk(other) ? undefined : options.textOf(other),
      isEntry: (other) => options.isEntry(other),
      known: (other) => this.#known(other),
    })
    for (const [loadedUrl, node] of loaded) {
      this.#nodes.set(loadedUrl, node)
      this.#instances.set(loadedUrl, options.instanceOf?.(loadedUrl))
      if ('file' in node) this.#files.set(node.file.id, node.file)
    }
    return loaded.get(url) ?? { what: 'it cannot be loaded', specifiers: [] }
  }

  #known(url: string): ModuleNode | Failure | undefined {
    const instance = this.#instances.get(url)
    // One that was taken out of `require.cache` and loaded again may have changed.
    if (instance !== undefined && this.#options.instanceOf?.(url) !== instance) this.#nodes.delete(url)
    const known = this.#nodes.get(url)
    const file = known === undefined ? this.#options.sent?.fileAt(url) : undefined
    if (file === undefined) return known
    const node = { file, ...(file.format !== 'json' && { analysis: analyzeModule(file.code) }) }
    this.#nodes.set(url, node)
    return node
  }
}

/** What is typed into a REPL imports from the working directory. */
function baseOf(url: string): string {
  return URL.canParse(url) ? url : pathToFileURL(`${process.cwd()}/`).href
}

/** The package that a specifier names; undefined for paths and URLs. */
function packageName(specifier: string): string | undefined {
  return /^(?:@[^/]+\/)?[^./#@:][^/:]*(?=\/|$)/.exec(specifier)?.[0]
}
