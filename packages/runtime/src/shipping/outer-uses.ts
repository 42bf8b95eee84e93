/** What a function uses of the code around it that is no variable: `this`, `super`, `import.meta`, private names. */

import type { AnyNode, Super, ThisExpression } from 'acorn'
import { requiredSpecifier } from './import-expression.ts'
import type { ParsedFunction } from './parse-function.ts'
import { type Edit, walk } from './syntax.ts'
import { viteImport } from './vite.ts'

/** What stands in the source to compile for what can only be written where the function was. */
export interface OuterNames {
  /** For `this` of the function around an arrow function. */
  thisName?: string
  /** For `import.meta`. */
  metaName?: string
  /** For the `import` of `import(…)`. */
  importName?: string
}

export interface OuterUses {
  readonly edits: Edit[]
  readonly names: OuterNames
  /** Literal specifiers of `import('…')` and `require('…')`; `vite` for what Vite makes of the former. */
  readonly imports: { readonly kind: 'import' | 'require' | 'vite'; readonly specifier: string }[]
  /** What cannot be sent apart from what is around it, and where: offsets into the source text. */
  readonly obstacles: { readonly what: string; readonly offset: number }[]
}

export function outerUses(parsed: ParsedFunction, text: string): OuterUses {
  const found: OuterUses = { edits: [], names: {}, imports: [], obstacles: [] }
  const declared = new Set<string>()
  walk(parsed.program, (node) => {
    addDeclared(node, declared)
    addMeta(node, parsed, text, found)
    addImport(node, parsed, text, found)
    return undefined
  })
  walk(parsed.program, (node) => {
    if (node.type !== 'PrivateIdentifier' || declared.has(node.name)) return undefined
    const what = `uses the private name #${node.name} of the class around it`
    found.obstacles.push({ what, offset: node.start - parsed.offset })
    return undefined
  })
  visitLexical(parsed, (node) => addLexical(node, parsed, text, found))
  return found
}

function addDeclared(node: AnyNode, declared: Set<string>): void {
  if (node.type !== 'ClassBody') return
  for (const member of node.body) {
    if ('key' in member && member.key.type === 'PrivateIdentifier') declared.add(member.key.name)
  }
}

function addMeta(node: AnyNode, parsed: ParsedFunction, text: string, found: OuterUses): void {
  if (node.type !== 'MetaProperty' || node.meta.name !== 'import') return
  found.names.metaName ??= unusedName(text, ['$importMeta', '_importMeta', 'importMeta$'])
  const start = node.start - parsed.offset
  found.edits.push({ start, end: node.end - parsed.offset, text: found.names.metaName })
}

function addImport(node: AnyNode, parsed: ParsedFunction, text: string, found: OuterUses): void {
  if (node.type === 'CallExpression') {
    const specifier = requiredSpecifier(node)
    if (specifier !== undefined) found.imports.push({ kind: 'require', specifier })
  }
  const imported = importOf(node)
  if (imported === undefined) return
  found.names.importName ??= unusedName(text, ['$mport', '_mport', 'impor$', 'impor_'])
  const { kind, verb, source } = imported
  const start = node.start - parsed.offset
  found.edits.push({ start, end: start + verb.length, text: found.names.importName.padEnd(verb.length) })
  if (source?.type === 'Literal' && typeof source.value === 'string')
    found.imports.push({ kind, specifier: source.value })
}

function importOf(node: AnyNode) {
  if (node.type === 'ImportExpression')
    return { kind: 'import', verb: 'import', source: node.source } as const
  if (node.type !== 'CallExpression' || node.callee.type !== 'Identifier' || node.callee.name !== viteImport)
    return undefined
  return { kind: 'vite', verb: viteImport, source: node.arguments[0] } as const
}

function addLexical(
  node: ThisExpression | Super,
  parsed: ParsedFunction,
  text: string,
  found: OuterUses,
): void {
  const offset = node.start - parsed.offset
  if (node.type === 'Super') {
    found.obstacles.push({ what: 'uses "super" of the class or object around it', offset })
  } else if (parsed.node.type === 'ArrowFunctionExpression') {
    found.names.thisName ??= unusedName(text, ['$ths', '_ths', '$th_', '_th$'])
    found.edits.push({ start: offset, end: node.end - parsed.offset, text: found.names.thisName })
  }
}

/** Visits each `this` and `super` that is the function's own, or of the code around it for an arrow function. */
function visitLexical({ node: root }: ParsedFunction, visit: (node: ThisExpression | Super) => void): void {
  if (!('params' in root)) return
  for (const part of [...root.params, root.body]) {
    walk(part, (node) => {
      if (node.type === 'ThisExpression' || node.type === 'Super') visit(node)
      // A class has its own `this` in all but its parent and computed names, where hardly anyone uses one.
      return !['FunctionExpression', 'FunctionDeclaration', 'ClassBody'].includes(node.type)
    })
  }
}

/** One of the names, which are all as long as what they stand for, that the text does not contain. */
function unusedName(text: string, candidates: readonly string[]): string {
  const name = candidates.find((candidate) => !text.includes(candidate))
  if (name === undefined) throw new SyntaxError(`It uses all of the names ${candidates.join(', ')}`)
  return name
}
