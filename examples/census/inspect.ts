/** Reads one source file and says what is in it. Runs on the workers: what it imports travels with it. */

import { readFileSync } from 'node:fs'
import { type ParserPlugin, parse } from '@babel/parser'
import { isFunction, type Node, VISITOR_KEYS } from '@babel/types'
import { type Counts, count } from './counts.ts'
import { countFeatures } from './features.ts'
import { importedPackage } from './imported-package.ts'

export interface FunctionFacts {
  readonly name: string
  readonly file: string
  readonly line: number
  readonly lines: number
}

export interface FileFacts {
  readonly bytes: number
  readonly lines: number
  readonly functions: readonly FunctionFacts[]
  /** Packages and builtins that it imports. */
  readonly imports: Counts
  /** Features of the language. */
  readonly features: Counts
}

/** Parses a file. @throws {SyntaxError} when it is neither JavaScript nor TypeScript. */
export function inspect(file: string): FileFacts {
  const text = readFileSync(file, 'utf8')
  const { program } = parse(text, {
    sourceType: 'unambiguous',
    // Declarations may say a thing twice, which only a type checker can tell from a mistake.
    errorRecovery: true,
    allowReturnOutsideFunction: true,
    attachComment: false,
    plugins: pluginsFor(file),
  })
  const functions: FunctionFacts[] = []
  const imports: Counts = new Map()
  const features: Counts = new Map()
  visitNodes(program, program, (node, parent) => {
    if (isFunction(node)) functions.push({ name: nameOf(node, parent), file, ...extentOf(node) })
    const imported = importedPackage(node)
    if (imported !== undefined) count(imports, imported)
    countFeatures(node, features)
  })
  return { bytes: Buffer.byteLength(text), lines: program.loc?.end.line ?? 0, functions, imports, features }
}

function pluginsFor(file: string): ParserPlugin[] {
  const always: ParserPlugin[] = ['decorators', 'decoratorAutoAccessors']
  if (!/\.[cm]?ts$/.test(file)) return always
  return [...always, ['typescript', { dts: /\.d\.[cm]?ts$/.test(file) }]]
}

/** Calls `visit` with a node, its parent, and so on with all nodes inside it. */
function visitNodes(node: Node, parent: Node, visit: (node: Node, parent: Node) => void): void {
  visit(node, parent)
  for (const key of VISITOR_KEYS[node.type] ?? []) {
    const value = Reflect.get(node, key) as Node | null | undefined | (Node | null)[]
    if (!Array.isArray(value)) {
      if (value) visitNodes(value, node, visit)
      continue
    }
    for (const child of value) if (child) visitNodes(child, node, visit)
  }
}

/** A function goes by its own name, or by that of the variable, property or member that it is assigned to. */
function nameOf(fn: Node, parent: Node): string {
  for (const node of [fn, parent]) {
    const key = givenName(node)
    if (key?.type === 'Identifier') return key.name
    if (key?.type === 'PrivateName') return `#${key.id.name}`
    if (key?.type === 'MemberExpression' && key.property.type === 'Identifier') return key.property.name
  }
  return '(anonymous)'
}

function givenName(node: Node): Node | null | undefined {
  if ('id' in node && node.id) return node.id
  if ('key' in node) return node.key
  return node.type === 'AssignmentExpression' ? node.left : undefined
}

function extentOf({ loc }: Node): { line: number; lines: number } {
  return loc ? { line: loc.start.line, lines: loc.end.line - loc.start.line + 1 } : { line: 0, lines: 0 }
}
