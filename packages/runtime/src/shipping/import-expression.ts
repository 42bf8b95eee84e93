/** Ways to import a module other than an import declaration, as people and compilers write them. */

import type { Expression, Pattern, VariableDeclarator } from 'acorn'
import type { ModuleExport } from './shell.ts'

/** What a variable is imported as. */
export interface ImportedName {
  readonly specifier: string
  /** `vite` for what Vite makes of an import, with specifiers of its own. */
  readonly kind: 'import' | 'require' | 'vite'
  readonly export: ModuleExport
  /** A property of that export, as in `const { a } = require('b')`. */
  readonly member?: string
}

/** The variables of a declaration that hold a module or a part of it: `const { a } = require('b')`, `const c = await import('d')`. */
export function importedBy({ id, init }: VariableDeclarator): [local: string, imported: ImportedName][] {
  const whole = init ? importOf(init) : undefined
  if (whole === undefined) return []
  if (id.type === 'Identifier') return [[id.name, whole]]
  if (id.type !== 'ObjectPattern' || whole.member !== undefined) return []
  const names: [string, ImportedName][] = []
  for (const property of id.properties) {
    if (property.type !== 'Property' || property.computed || property.value.type !== 'Identifier') continue
    const member = property.key.type === 'Identifier' ? property.key.name : undefined
    if (member !== undefined) names.push([property.value.name, partOf(whole, member)])
  }
  return names
}

/** The literal specifier of `require('…')` or `require.resolve('…')`. */
export function requiredSpecifier(node: Expression): string | undefined {
  if (node.type !== 'CallExpression') return undefined
  const { callee } = node
  const called =
    callee.type === 'MemberExpression' && propertyName(callee) === 'resolve' ? callee.object : callee
  if (called.type !== 'Identifier' || called.name !== 'require') return undefined
  return literal(node.arguments[0])
}

/** The names that a pattern declares or assigns to. */
export function patternNames(pattern: Pattern): string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name]
    case 'ObjectPattern':
      return pattern.properties.flatMap((item) =>
        patternNames(item.type === 'Property' ? item.value : item.argument),
      )
    case 'ArrayPattern':
      return pattern.elements.flatMap((item) => (item ? patternNames(item) : []))
    case 'RestElement':
      return patternNames(pattern.argument)
    case 'AssignmentPattern':
      return patternNames(pattern.left)
    case 'MemberExpression':
      return []
  }
}

function importOf(init: Expression): ImportedName | undefined {
  if (init.type === 'MemberExpression' && init.object.type !== 'Super') {
    const whole = importOf(init.object)
    const member = propertyName(init)
    return whole && member !== undefined && whole.member === undefined ? partOf(whole, member) : undefined
  }
  if (init.type === 'AwaitExpression') return awaitedImport(init.argument)
  if (init.type !== 'CallExpression') return undefined
  const specifier =
    init.callee.type === 'Identifier' && init.callee.name === 'require' ? requiredSpecifier(init) : undefined
  if (specifier !== undefined) return { kind: 'require', specifier, export: 'module.exports' }
  return interopImport(init)
}

/** esbuild, and so tsx, compiles `import x from 'y'` to `__toESM(require('y'), 1)` in CommonJS. */
function interopImport(call: Expression): ImportedName | undefined {
  if (call.type !== 'CallExpression' || call.callee.type !== 'Identifier' || call.callee.name !== '__toESM')
    return undefined
  const [required, isNodeMode] = call.arguments
  if (required === undefined || required.type === 'SpreadElement') return undefined
  const specifier = requiredSpecifier(required)
  if (specifier === undefined) return undefined
  return { kind: 'require', specifier, export: isNodeMode === undefined ? '__toESM' : '__toESM node' }
}

function awaitedImport(awaited: Expression): ImportedName | undefined {
  if (awaited.type === 'ImportExpression') {
    const specifier = literal(awaited.source)
    return specifier === undefined ? undefined : { kind: 'import', specifier, export: '*' }
  }
  if (awaited.type !== 'CallExpression' || awaited.callee.type !== 'Identifier') return undefined
  if (!/^__(vite_ssr|vi)_import__$/.test(awaited.callee.name)) return undefined
  const specifier = literal(awaited.arguments[0])
  return specifier === undefined ? undefined : { kind: 'vite', specifier, export: '__vite' }
}

/** A property of a namespace is an export; of anything else it stays a property. */
function partOf(whole: ImportedName, name: string): ImportedName {
  return whole.export === '*' ? { ...whole, export: name } : { ...whole, member: name }
}

function propertyName(node: Expression): string | undefined {
  if (node.type !== 'MemberExpression' || node.computed || node.property.type !== 'Identifier')
    return undefined
  return node.property.name
}

function literal(node: { type: string; value?: unknown } | undefined): string | undefined {
  return node?.type === 'Literal' && typeof node.value === 'string' ? node.value : undefined
}
