/** What a function uses from outside of itself, found in its source text. */

import { analyze, type Scope, type Reference as ScopeReference, type Variable } from 'eslint-scope'
import { classSource } from './class-source.ts'
import { type OuterNames, type OuterUses, outerUses } from './outer-uses.ts'
import { type ParsedFunction, parseFunction } from './parse-function.ts'
import type { SourceForm } from './shell.ts'
import { applyEdits, type Edit, walk } from './syntax.ts'
import { viteImport } from './vite.ts'

export interface FreeVariable {
  readonly name: string
  /** Where it is used: offsets into the source text. */
  readonly uses: readonly number[]
  /** Whether all that is done with it is `typeof x`, which an undefined variable survives. */
  readonly isOnlyTypeof: boolean
  readonly isAssigned: boolean
  /** Whether in sloppy mode it is not free: a function in a block there is a variable of the function around it, too. */
  readonly isHoisted: boolean
  /** Whether it is used where a class is created, and not only when something is called. */
  readonly isForCreation: boolean
}

export interface FunctionSource extends Readonly<OuterNames> {
  /** The text to compile: as long as the function's own, with the same lines. */
  readonly source: string
  readonly form: SourceForm
  readonly kind: 'arrow' | 'function' | 'class'
  /** Whether it is only JavaScript in sloppy mode. */
  readonly isSloppy: boolean
  /** Where V8 says that the function starts: an offset into the text. */
  readonly start: number
  readonly free: readonly FreeVariable[]
  /** For a function with a name that it uses: what is different if that is not its own, but a variable around a declaration. */
  readonly asDeclaration?: { readonly variable: FreeVariable; readonly source: string }
  /** Whether variables are looked up by name (`eval`, `with`), so that some may seem free that are not. */
  readonly isDynamic: boolean
  readonly imports: OuterUses['imports']
  readonly obstacles: OuterUses['obstacles']
  /** What stands in `source` for the parent of a class. */
  readonly parentName?: string
  readonly privateStatics: readonly string[]
  /** Static methods and accessors, which `source` itself defines. */
  readonly staticMembers: ReadonlySet<string>
  /** Names of private members that instances have. */
  readonly privateMembers: readonly string[]
}

const cache = new Map<string, FunctionSource>()
const maxCached = 2_000

/**
 * Analyzes a function's source text, in any form that `toString()` gives.
 *
 * @throws {SyntaxError} when it is in none of these, as for native functions.
 */
export function analyzeFunction(text: string): FunctionSource {
  const known = cache.get(text)
  if (known !== undefined) return known
  const source = analyzeParsed(text, parseFunction(text))
  if (cache.size >= maxCached) cache.clear()
  cache.set(text, source)
  return source
}

function analyzeParsed(text: string, parsed: ParsedFunction): FunctionSource {
  const classParts = classSource(text, parsed)
  const outer = outerUses(parsed, text)
  const removed = [...parsed.edits, ...classParts.removed]
  const isKept = (offset: number): boolean => !removed.some((range) => isWithin(offset, range))
  const edits = [...parsed.edits, ...classParts.edits, ...outer.edits.filter(({ start }) => isKept(start))]
  const { references, ownNameUses, isDynamic } = scopeReferences(parsed)
  const kept = references.filter(({ offset }) => isKept(offset))
  const free = freeVariables(kept, parsed, classParts.creation)
  const [variable] = freeVariables(ownNameUses, parsed, [])
  const withoutName = (): string => applyEdits(text, [...edits, nameOf(parsed)])
  return {
    source: applyEdits(text, edits),
    ...(variable !== undefined && { asDeclaration: { variable, source: withoutName() } }),
    form: parsed.form,
    kind: kindOf(parsed),
    isSloppy: !parsed.isStrict,
    start: parsed.start,
    free: free.filter(({ name }) => name !== 'arguments' && name !== viteImport),
    isDynamic,
    ...outer.names,
    imports: outer.imports,
    obstacles: [...outer.obstacles, ...free.flatMap(argumentsObstacle)],
    ...(classParts.parentName !== undefined && { parentName: classParts.parentName }),
    privateStatics: classParts.privateStatics,
    staticMembers: classParts.staticMembers,
    privateMembers: classParts.privateMembers,
  }
}

function kindOf({ node }: ParsedFunction): FunctionSource['kind'] {
  if (node.type === 'ArrowFunctionExpression') return 'arrow'
  return node.type === 'FunctionExpression' ? 'function' : 'class'
}

function argumentsObstacle({ name, uses }: FreeVariable): OuterUses['obstacles'] {
  const [offset = 0] = uses
  return name === 'arguments' ? [{ what: 'uses "arguments" of the function around it', offset }] : []
}

/** A use of a variable, by its offset into the source text. */
interface Use {
  readonly name: string
  readonly offset: number
  readonly isAssigned: boolean
  readonly isHoisted: boolean
}

/** The name that a function is written with. */
function nameOf({ node, offset }: ParsedFunction): Edit {
  const { start, end } =
    node.type === 'FunctionExpression' && node.id ? node.id : { start: offset, end: offset }
  return { start: start - offset, end: end - offset, text: '' }
}

interface ScopeUses {
  /** Of variables that are not the function's own. */
  readonly references: Use[]
  /** Of the function's own name. */
  readonly ownNameUses: Use[]
  readonly isDynamic: boolean
}

function scopeReferences({ program, node, offset }: ParsedFunction): ScopeUses {
  // acorn's tree is ESTree; the two packages only name its types apart.
  const manager = analyze(program as unknown as Parameters<typeof analyze>[0], {
    ecmaVersion: 2025,
    sourceType: program.sourceType === 'module' ? 'module' : 'script',
  })
  const through: ScopeReference[] = manager.globalScope?.through ?? []
  const blockFunctions = manager.scopes
    .filter(({ type }) => type === 'block' || type === 'switch')
    .flatMap(({ variables }) => variables.filter(({ defs }) => defs[0]?.type === 'FunctionName'))
  const usesOf = (found: readonly ScopeReference[]): Use[] =>
    found.flatMap((reference) => {
      const { identifier } = reference
      if (identifier.type !== 'Identifier') return []
      const at = (identifier.range?.[0] ?? 0) - offset
      const isHoisted = blockFunctions.some((variable) => isHoistedTo(variable, reference))
      return [{ name: identifier.name, offset: at, isAssigned: reference.isWrite(), isHoisted }]
    })
  const named = manager.scopes.find(
    ({ type, block }) => type === 'function-expression-name' && isNode(block, node),
  )
  const isDynamic = manager.scopes.some((scope) => scope.dynamic && scope.type !== 'global')
  const ownNameUses = usesOf(named?.variables[0]?.references ?? [])
  return { references: usesOf(through), ownNameUses, isDynamic }
}

/** The packages have types of their own for what is one tree. */
function isNode(block: object, node: object): boolean {
  return block === node
}

function isHoistedTo({ name, scope: block }: Variable, { identifier, from }: ScopeReference): boolean {
  if (identifier.name !== name) return false
  for (let scope: Scope | null = from; scope !== null; scope = scope.upper) {
    if (scope === block.variableScope) return true
  }
  return false
}

function freeVariables(
  references: readonly Use[],
  parsed: ParsedFunction,
  creation: readonly Range[],
): FreeVariable[] {
  const typeofs = new Set<number>()
  walk(parsed.program, (node) => {
    if (node.type === 'UnaryExpression' && node.operator === 'typeof') {
      typeofs.add(node.argument.start - parsed.offset)
    }
    return undefined
  })
  return [...Map.groupBy(references, ({ name }) => name)].map(([name, uses]) => {
    const offsets = uses.map(({ offset }) => offset).toSorted((a, b) => a - b)
    return {
      name,
      uses: offsets,
      isOnlyTypeof: offsets.every((offset) => typeofs.has(offset)),
      isAssigned: uses.some(({ isAssigned }) => isAssigned),
      isHoisted: uses.every(({ isHoisted }) => isHoisted),
      isForCreation: offsets.some((offset) => creation.some((range) => isWithin(offset, range))),
    }
  })
}

interface Range {
  readonly start: number
  readonly end: number
}

function isWithin(offset: number, range: Range): boolean {
  return offset >= range.start && offset < range.end
}
