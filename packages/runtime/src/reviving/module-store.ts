/** Modules that were sent to this thread: each is loaded once, by Node's own loader, as if it were the file it was made of. */

import Module, { registerHooks } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ProtocolError } from '@dialback/protocol'
import { isModuleId, type ModuleFile } from '../shipping/shell.ts'
import { importModule } from './import-module.ts'
import { LoadQueue } from './load-queue.ts'

type Namespace = Readonly<Record<string, unknown>>

/** The variables of a module's top level, as properties. */
export type Accessors = Record<string, unknown>

export interface ModuleStoreOptions {
  /** What `import … from '@dialback/manager'` gives in this thread. */
  readonly runtimeModule: Namespace
  /** The modules that this process has itself, for what it sent and gets back. */
  ownModule?(id: string): ModuleFile | undefined
}

/** A module that is loaded is there in a few ms. */
const maxOwnLoadMs = 1_000

/** Put together only here: what looks for source maps would find one in the file that this code is published in. */
const sourceMapMark = ['//#', 'sourceMappingURL='].join(' ')

/** Where `@dialback/manager` is found by what was sent. */
export const runtimeUrl = 'dialback:runtime'
const runtimeSpecifier = '@dialback/manager'

export class ModuleStore {
  readonly #options: ModuleStoreOptions
  readonly #files = new Map<string, ModuleFile>()
  /** Ids of those that are here with all that they import. */
  readonly #whole = new Set<string>()
  readonly #urls = new Map<string, string>()
  readonly #byUrl = new Map<string, ModuleFile>()
  /** What functions import, by the URL of the file that they were written in. */
  readonly #functionImports = new Map<string, Map<string, string>>()
  readonly #accessors = new Map<string, Accessors>()
  readonly #loading = new Map<string, Promise<void>>()
  readonly #queue = new LoadQueue()
  readonly #namespaces = new Map<string, Namespace>()
  #isHooked = false
  /** Modules that are yet to be read from this worker's own image. */
  readonly #unread: ModuleFile[] = []
  /** Node forgets a source map with the module that it is for. */
  readonly #sourceMaps: Module[] = []

  constructor(options: ModuleStoreOptions) {
    this.#options = options
  }

  /** Whether a module is here, with all that it imports. */
  has(id: string): boolean {
    if (this.#whole.has(id)) return true
    const found = new Set([id])
    // It grows meanwhile.
    for (const each of found) {
      const file = this.#files.get(each)
      if (file === undefined && this.#options.ownModule?.(each) === undefined) return false
      for (const target of Object.values(file?.imports ?? {})) if (isModuleId(target)) found.add(target)
    }
    for (const each of found) this.#whole.add(each)
    return true
  }

  get hasUnread(): boolean {
    return this.#unread.length > 0
  }

  file(id: string): ModuleFile | undefined {
    return this.#files.get(id)
  }

  fileAt(url: string): ModuleFile | undefined {
    return this.#byUrl.get(url)
  }

  urlOf(id: string): string {
    // What a function that came back imports is this process's own.
    const url = this.#urls.get(id) ?? this.#options.ownModule?.(id)?.url
    if (url === undefined) throw new ProtocolError(`Module ${id} was not sent here`)
    return url
  }

  targetOf(key: string, parentUrl: string): string | undefined {
    return this.#byUrl.get(parentUrl)?.imports[key] ?? this.#functionImports.get(parentUrl)?.get(key)
  }

  functionImports(parentUrl: string): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#functionImports.get(parentUrl) ?? [])
  }

  /** Keeps modules, without loading them: in any order, but all that one imports must be there before it is prepared. */
  add(files: readonly ModuleFile[]): void {
    this.hook()
    for (const file of files) {
      if (this.#files.has(file.id)) continue
      this.#files.set(file.id, file)
      if (file.isFromImage) this.#unread.push(file)
      if (file.format === 'source-map') continue
      const url = this.#byUrl.has(file.url) ? versionUrl(file) : file.url
      this.#urls.set(file.id, url)
      this.#byUrl.set(url, file)
      if (file.code.includes(sourceMapMark)) process.setSourceMapsEnabled(true)
    }
  }

  /** Notes what the specifiers of functions lead to, which are resolved as those of their file are. */
  addImports(parentUrl: string, imports: Readonly<Record<string, string>>): void {
    this.hook()
    const known = this.#functionImports.get(parentUrl) ?? new Map<string, string>()
    this.#functionImports.set(parentUrl, known)
    for (const [key, target] of Object.entries(imports)) known.set(key, target)
  }

  /**
   * Loads modules, so that their exports can be had at once from then on.
   *
   * @throws {ProtocolError} when one was not sent; rejects with what a module throws when it is loaded, and when this
   * worker's image does not have what it should.
   */
  async prepare(ids: readonly string[]): Promise<void> {
    if (this.#unread.length > 0) await this.#readImage()
    await Promise.all(
      ids.map((id) => {
        const loading = this.#loading.get(id) ?? this.#queue.run(() => this.#load(id), this.#isDelicate(id))
        // What was not sent yet may be later.
        if (this.#files.has(id)) this.#loading.set(id, loading)
        return loading
      }),
    )
  }

  /** @throws {ProtocolError} when the module was not prepared. */
  namespaceOf(id: string): Namespace {
    const namespace = this.#namespaces.get(id)
    if (namespace === undefined) throw new ProtocolError(`Module ${id} is not loaded`)
    return namespace
  }

  /** The variables at the top level of a module; undefined for one that was not sent here, or that did not finish. */
  accessorsOf(id: string): Accessors | undefined {
    const url = this.#urls.get(id)
    return url === undefined ? undefined : this.#accessors.get(url)
  }

  async #readImage(): Promise<void> {
    const { imageCode } = await import('../shipping/image-code.ts')
    for (let file = this.#unread[0]; file !== undefined; file = this.#unread[0]) {
      const read = { ...file, code: imageCode(file), isFromImage: false }
      this.#files.set(file.id, read)
      this.#byUrl.set(this.urlOf(file.id), read)
      this.#unread.shift()
    }
  }

  /** Whether CommonJS requires an ECMAScript module anywhere in what is loaded with a module. */
  #isDelicate(id: string, seen: Set<string> = new Set()): boolean {
    if (seen.has(id)) return false
    seen.add(id)
    return Object.entries(this.#files.get(id)?.imports ?? {}).some(([key, target]) => {
      const isRequired = key.startsWith('require ') && this.#files.get(target)?.format === 'module'
      return isRequired || this.#isDelicate(target, seen)
    })
  }

  async #load(id: string): Promise<void> {
    const sent = this.#files.get(id)
    const own = sent === undefined ? this.#options.ownModule?.(id) : undefined
    if (own !== undefined) {
      const namespace = own.format === 'source-map' ? undefined : await ownNamespace(own.url)
      if (namespace !== undefined) this.#namespaces.set(id, namespace)
    } else if (sent?.format === 'source-map') this.#addSourceMap(sent)
    else {
      this.#namespaces.set(id, await importModule(this.urlOf(id)))
    }
  }

  /** Node takes source maps only from modules that it compiles, so it is made to compile an empty one. */
  #addSourceMap(file: ModuleFile): void {
    process.setSourceMapsEnabled(true)
    const path = fileURLToPath(file.url)
    // `_compile` is not in the types, but what every tool that compiles on the fly calls.
    const module = new Module(path) as Module & { _compile(code: string, path: string): void }
    const data = Buffer.from(file.code).toString('base64')
    module._compile(`\n${sourceMapMark}data:application/json;base64,${data}`, path)
    this.#sourceMaps.push(module)
  }

  /** Makes Node's loader ask here first, from now on; also for `@dialback/manager`, whoever imports it. */
  hook(): void {
    if (this.#isHooked) return
    this.#isHooked = true
    define('dialback.runtime', this.#options.runtimeModule)
    define('dialback.modules', (from: string, accessors: Accessors) => {
      this.#accessors.set(from.startsWith('file:') ? from : pathToFileURL(from).href, accessors)
    })
    registerHooks({
      resolve: (specifier, context, nextResolve) => {
        const kind = context.conditions.includes('require') ? 'require' : 'import'
        const target = this.targetOf(`${kind} ${specifier}`, context.parentURL ?? '')
        if (target === 'runtime' || (target === undefined && specifier === runtimeSpecifier)) {
          return { url: runtimeUrl, format: 'module', shortCircuit: true }
        }
        if (target === 'external') {
          return nextResolve(specifier, { ...context, parentURL: pathToFileURL(`${process.cwd()}/`).href })
        }
        if (specifier === runtimeUrl) return { url: runtimeUrl, format: 'module', shortCircuit: true }
        const url = target !== undefined && isModuleId(target) ? this.urlOf(target) : specifier
        const file = this.#byUrl.get(url)
        return file ? { url, format: file.format, shortCircuit: true } : nextResolve(specifier, context)
      },
      load: (url, context, nextLoad) => {
        if (url === runtimeUrl) {
          return { format: 'module', source: runtimeSource(this.#options.runtimeModule), shortCircuit: true }
        }
        const file = this.#byUrl.get(url)
        return file ? { format: file.format, source: file.code, shortCircuit: true } : nextLoad(url, context)
      },
    })
  }
}

/** A second version of a file is a module of its own. Node keeps what is required by its path, without a query. */
function versionUrl({ url, id, format }: ModuleFile): string {
  if (format !== 'module') return url.replace(/(\.\w+)?$/, `.${id}$1`)
  return `${url}${url.includes('?') ? '&' : '?'}dialback=${id}`
}

/**
 * A module of this process, as it is loaded; undefined while it still is. A module may wait at its top level for the very
 * call whose result needs it: then what it has cannot be had, but is hardly ever needed either.
 */
async function ownNamespace(url: string): Promise<Namespace | undefined> {
  const path = url.startsWith('file:') ? fileURLToPath(url) : ''
  const loaded = Module.createRequire(import.meta.url).cache[path]
  if (loaded !== undefined) return { default: loaded.exports, 'module.exports': loaded.exports }
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(resolve, maxOwnLoadMs, undefined)
  try {
    return await Promise.race([importModule(url), promise])
  } finally {
    clearTimeout(timer)
  }
}

function runtimeSource(runtimeModule: Namespace): string {
  const names = Object.keys(runtimeModule).filter((name) => name !== 'default')
  return `export const {${names.join(',')}} = globalThis[Symbol.for('dialback.runtime')]`
}

function define(name: string, value: unknown): void {
  Object.defineProperty(globalThis, Symbol.for(name), { value, configurable: true, enumerable: false })
}
