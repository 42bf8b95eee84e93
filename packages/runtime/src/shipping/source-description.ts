/** Describes functions that travel as their source, with the values that they captured. */

import { SerializationError } from '@dialback/protocol'
import type { DescribedFunction } from './described-function.ts'
import type { FreeVariable, FunctionSource } from './free-variables.ts'
import type { FunctionRegistry } from './function-registry.ts'
import type { Inspected, Inspector } from './inspector.ts'
import type { ModuleGraph } from './module-graph.ts'
import { OwnNames } from './own-name.ts'
import { addState, memberNames, type OwnState, ownState } from './own-state.ts'
import { lookUp } from './scope-lookup.ts'
import type { Cell, SharedVariables } from './shared-variables.ts'
import type { Reference, SourceShell } from './shell.ts'
import { describePlace, isOfFile, type Site } from './site.ts'
import { isStrictFunction } from './strictness.ts'
import type { Surroundings, VariableBinder } from './variable-binding.ts'
import { viteUrl } from './vite.ts'

/** A function that is being described. */
interface Draft {
  readonly fn: object
  readonly source: FunctionSource
  readonly surroundings: Surroundings
  readonly path: string
  readonly variables: (string | readonly [key: string, name: string])[]
  readonly references: Record<string, Reference>
  readonly live: string[]
  readonly cells: string[]
  mayChange: boolean
  readonly constants: Record<string, string | number>
  readonly captured: Record<string, unknown>
  readonly places: Map<string, number>
}

export interface SourceDescriberOptions {
  readonly binder: VariableBinder
  readonly graph: ModuleGraph
  readonly inspector: Inspector
  readonly registry: FunctionRegistry
  readonly shared: SharedVariables
}

export class SourceDescriber {
  readonly #binder: VariableBinder
  readonly #graph: ModuleGraph
  readonly #inspector: Inspector
  readonly #ownNames: OwnNames
  readonly #registry: FunctionRegistry
  readonly #shared: SharedVariables

  constructor({ binder, graph, inspector, registry, shared }: SourceDescriberOptions) {
    this.#binder = binder
    this.#graph = graph
    this.#inspector = inspector
    this.#ownNames = new OwnNames(inspector)
    this.#registry = registry
    this.#shared = shared
  }

  /** @throws {SerializationError | UnsendableModule} when it uses what cannot be sent. */
  describe(fn: object, text: FunctionSource, surroundings: Surroundings, path: string): DescribedFunction {
    const { site, inspected } = surroundings
    const source = this.#withNameOf(fn, text, inspected)
    const [obstacle] = source.obstacles
    if (obstacle !== undefined) throw unsendable(path, `it ${obstacle.what}`, site, obstacle.offset)
    const draft: Draft = {
      fn,
      source,
      surroundings,
      path,
      variables: [],
      references: nameless(),
      live: [],
      cells: [],
      mayChange: false,
      constants: nameless(),
      captured: nameless(),
      places: new Map(),
    }
    for (const variable of source.free) this.#addVariable(variable, draft)
    this.#addOuter(draft)
    const state = ownState(fn, source, inspected)
    addState(state, draft.captured)
    const shell = this.#shell(draft, state)
    const { captured, mayChange, places } = draft
    return { shell, captured, mayChange, placeOf: (name) => placeOf(name, places, site) }
  }

  #withNameOf(fn: object, source: FunctionSource, { scopes }: Inspected): FunctionSource {
    const { asDeclaration } = source
    if (asDeclaration === undefined || !this.#ownNames.isVariable(fn, asDeclaration.variable, scopes))
      return source
    return { ...source, source: asDeclaration.source, free: [...source.free, asDeclaration.variable] }
  }

  #addVariable(variable: FreeVariable, draft: Draft): void {
    const { name, uses, isOnlyTypeof } = variable
    const [offset = 0] = uses
    const { source, surroundings, path } = draft
    const binding = this.#binder.bind(name, surroundings)
    switch (binding.kind) {
      case 'global':
        return
      case 'missing':
        // A session may declare it later; in a file it is either there or nowhere.
        draft.mayChange ||= !isOfFile(surroundings.site)
        if (isOnlyTypeof || source.isDynamic) return
        if (variable.isHoisted && !isStrictFunction(draft.fn, source, surroundings, this.#binder)) return
        throw unsendable(path, `it uses "${name}", which is not defined`, surroundings.site, offset)
      case 'uninitialized':
        throw unsendable(
          path,
          `it uses "${name}", whose declaration has not run yet`,
          surroundings.site,
          offset,
        )
      case 'reference':
        draft.references[name] = binding.reference
        if (binding.isLive) draft.live.push(name)
        draft.mayChange ||= binding.mayChange === true
        return
      case 'value':
        if (variable.isForCreation) addConstant(variable, binding.value, draft)
        else this.#addValue(variable, binding, draft)
    }
  }

  #addValue(
    { name, uses: [offset = 0], isAssigned }: FreeVariable,
    { value, cell: known }: { readonly value: unknown; readonly cell?: Cell },
    draft: Draft,
  ): void {
    const { fn } = draft
    const read = (): unknown => {
      const found = lookUp(name, this.#inspector.inspect(fn).scopes)
      return found.kind === 'value' ? found.value : undefined
    }
    if (known === undefined) this.#shared.note({ fn, name, value, isAssigned, read })
    // A class is made once, however often it is sent, so what it assigns is ready to be shared from the start.
    const isForLater = isAssigned && draft.source.kind === 'class'
    const cell = known ?? this.#shared.cellOf(fn, name) ?? (isForLater ? { value } : undefined)
    if (cell !== undefined) draft.cells.push(name)
    draft.variables.push(name)
    draft.captured[name] = cell ?? value
    draft.places.set(name, offset)
  }

  #addOuter(draft: Draft): void {
    const { fn, source, surroundings, path, references } = draft
    const { site, inspected } = surroundings
    const { thisName, metaName, importName } = source
    if (metaName !== undefined) references[metaName] = { from: 'meta', url: site.url }
    if (importName !== undefined) references[importName] = { from: 'import', url: site.url }
    if (thisName === undefined) return
    const came = lookUp(thisName, inspected.scopes)
    const found = came.kind === 'value' ? came : this.#inspector.debugger.thisOf(fn)
    if (found === undefined) {
      const what =
        'it uses "this" of the function around it, which cannot be read while the process is debugged'
      throw unsendable(path, what, site, 0)
    }
    draft.variables.push(['this', thisName])
    draft.captured.this = found.value
  }

  #shell(draft: Draft, state: OwnState): SourceShell {
    const { fn, source } = draft
    const { site } = draft.surroundings
    const imports = this.#imports(source, site, Object.values(draft.references))
    const sourceMap = this.#graph.sourceMapAt(site.url)
    const privateStatics = source.privateStatics.filter((name) => name in state.privateStatics)
    return {
      kind: 'source',
      source: source.source,
      form: source.form,
      name: nameOf(fn),
      isStrict: isStrictFunction(fn, source, draft.surroundings, this.#binder),
      url: site.url,
      line: site.line,
      column: site.column,
      variables: draft.variables,
      references: draft.references,
      live: draft.live,
      ...(draft.cells.length > 0 && { cells: draft.cells }),
      ...(sourceMap !== undefined && { sourceMap }),
      ...(Object.keys(draft.constants).length > 0 && { constants: draft.constants }),
      ...(Object.keys(imports).length > 0 && { imports }),
      ...(privateStatics.length > 0 && { privateStatics }),
      ...memberNames(state),
      ...('parent' in state && { parentName: source.parentName ?? '' }),
      ...(source.kind === 'class' && { identity: this.#registry.identityOf(fn) }),
    }
  }

  #imports(source: FunctionSource, site: Site, references: readonly Reference[]): Record<string, string> {
    const imports: Record<string, string> = nameless()
    // A function within one that came from elsewhere: its specifiers can no longer be told from other arguments.
    const isSent = references.some(({ from }) => from === 'import')
    if (isSent && source.importName === undefined)
      Object.assign(imports, this.#graph.importsSentFrom(site.url))
    for (const { kind, specifier } of source.imports) {
      const edge = kind === 'vite' ? viteUrl(specifier) : { kind, specifier }
      const target = edge && this.#graph.resolve(edge, site.url)
      const key = `${kind === 'vite' ? 'import' : kind} ${specifier}`
      if (target?.kind === 'module') imports[key] = this.#graph.idOf(target, specifier)
      else if (target !== undefined && target.kind !== 'builtin') imports[key] = target.kind
    }
    return imports
  }
}

function addConstant({ name, uses: [offset = 0] }: FreeVariable, value: unknown, draft: Draft): void {
  if (typeof value === 'string' || typeof value === 'number') draft.constants[name] = value
  else {
    const what = `it has members named by "${name}", which is neither a string nor a number`
    throw unsendable(draft.path, what, draft.surroundings.site, offset)
  }
}

function nameOf(fn: object): string {
  const name: unknown = Object.getOwnPropertyDescriptor(fn, 'name')?.value
  return typeof name === 'string' ? name : ''
}

function placeOf(name: string, places: ReadonlyMap<string, number>, site: Site): string | undefined {
  const offset = places.get(name)
  return offset === undefined ? undefined : describePlace(site, offset)
}

function unsendable(path: string, what: string, site: Site, offset: number): SerializationError {
  return new SerializationError(path, `${what} (${describePlace(site, offset)})`)
}

/** A record whose keys come from user code: one of them may be `__proto__`. */
function nameless<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>
}
