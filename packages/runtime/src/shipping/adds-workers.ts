/** Knows programs that something else has loaded, as a launcher does: what adds workers when it is loaded can run on the manager only. */

import type { Expression, ModuleDeclaration, Statement, Super } from 'acorn'
import type { ImportedName } from './import-expression.ts'

const verb = 'addProcs'

/** Whether a statement at the top level calls `addProcs`, be it that of a cluster. */
export function addsWorkers(
  body: readonly (Statement | ModuleDeclaration)[],
  imports: ReadonlyMap<string, ImportedName>,
): boolean {
  return body.flatMap(expressionsOf).some((expression) => beginsWithCall(expression, imports))
}

function expressionsOf(statement: Statement | ModuleDeclaration): Expression[] {
  if (statement.type === 'ExpressionStatement') return [statement.expression]
  if (statement.type === 'VariableDeclaration')
    return statement.declarations.flatMap(({ init }) => init ?? [])
  const isExport = statement.type === 'ExportNamedDeclaration'
  return isExport && statement.declaration ? expressionsOf(statement.declaration) : []
}

/** Also of what is then done with it: `addProcs(2).then(…)`. */
function beginsWithCall(expression: Expression, imports: ReadonlyMap<string, ImportedName>): boolean {
  let node: Expression | Super = expression
  let isCalled = false
  for (;;) {
    const wasCalled = isCalled
    isCalled = node.type === 'CallExpression'
    if (node.type === 'AwaitExpression') node = node.argument
    else if (node.type === 'CallExpression') node = node.callee
    else if (node.type === 'MemberExpression') {
      if (wasCalled && node.property.type === 'Identifier' && node.property.name === verb) return true
      node = node.object
    } else return wasCalled && node.type === 'Identifier' && isOurs(imports.get(node.name))
  }
}

function isOurs(imported: ImportedName | undefined): boolean {
  return imported?.specifier === '@dialback/manager' && (imported.member ?? imported.export) === verb
}
