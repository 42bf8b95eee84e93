/** What a function uses from outside of itself, found in its source text. */

import { analyze, type Reference as ScopeReference } from 'eslint-scope'
import { classSource } from './class-source.ts'
import { type OuterNames, type OuterUses, outerUses } from './outer-uses.ts'
import { type ParsedFunction, parseFunction } from './parse-function.ts'
import type { SourceForm } from './shell.ts'
import { applyEdits, walk } from './syntax.ts'
import { viteImport } from './vite.ts'

export interface FreeVariable {
  readonly name: string
  /** Where it is used: offsets into the source text. */
  readonly uses: readonly number[]
  /** Whether all that is done with it is `typeof x`, which an undefined variable survives. */
  readonly isOnlyTypeof: boolean
  readonly isAssigned: boolean
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
  const { references, isDynamic } = scopeReferences(parsed)
  const kept = references.filter(({ offset }) => isKept(offset))
  const free = freeVariables(kept, parsed, classParts.creation)
  return {
    source: applyEdits(text, edits),
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
}

function scopeReferences({ program, offset }: ParsedFunction): { references: Use[]; isDynamic: boolean } {
  // acorn's tree is ESTree; the two packages only name its types apart.
  const manager = analyze(program as unknown as Parameters<typeof analyze>[0], {
    ecmaVersion: 2025,
    sourceType: program.sourceType === 'module' ? 'module' : 'script',
  })
  const through: ScopeReference[] = manager.globalScope?.through ?? []
  const references: Use[] = []
  for (const reference of through) {
    const { identifier } = reference
    if (identifier.type !== 'Identifier') continue
    const at = (identifier.range?.[0] ?? 0) - offset
    references.push({ name: identifier.name, offset: at, isAssigned: reference.isWrite() })
  }
  const isDynamic = manager.scopes.some((scope) => scope.dynamic && scope.type !== 'global')
  return { references, isDynamic }
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
