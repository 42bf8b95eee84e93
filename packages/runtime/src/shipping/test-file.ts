/** Knows the files of test runners, which are programs of their own: they must not run again where functions of theirs do. */

import type { Expression, ModuleDeclaration, Statement, Super } from 'acorn'
import type { ImportedName } from './import-expression.ts'

const verbs: ReadonlySet<string> = new Set(['describe', 'suite', 'context', 'it', 'test', 'specify'])
const runners: ReadonlySet<string> = new Set([
  'node:test',
  'vitest',
  'mocha',
  '@jest/globals',
  'ava',
  'tap',
  'tape',
])

/**
 * Whether a file declares tests at its top level: calls `describe`, `it` and their like, which it imports from a test runner or, as with
 * Mocha and Jest, finds among the globals.
 */
export function isTestFile(
  body: readonly (Statement | ModuleDeclaration)[],
  imports: ReadonlyMap<string, ImportedName>,
  isDeclared: (name: string) => boolean,
): boolean {
  return body.some((statement) => {
    const name = statement.type === 'ExpressionStatement' ? calledName(statement.expression) : undefined
    if (name === undefined) return false
    const imported = imports.get(name)
    return imported === undefined ? verbs.has(name) && !isDeclared(name) : runners.has(imported.specifier)
  })
}

/** The variable that a call, or what is awaited, begins with: `describe` of `describe.each(table)('adds', () => {})`. */
function calledName(expression: Expression): string | undefined {
  let node: Expression = expression.type === 'AwaitExpression' ? expression.argument : expression
  if (node.type !== 'CallExpression') return undefined
  while (node.type === 'CallExpression' || node.type === 'MemberExpression') {
    const inner: Expression | Super = node.type === 'CallExpression' ? node.callee : node.object
    if (inner.type === 'Super') return undefined
    node = inner
  }
  return node.type === 'Identifier' ? node.name : undefined
}
