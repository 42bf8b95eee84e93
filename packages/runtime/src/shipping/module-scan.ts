/** What is anywhere in a module: all that it imports, and the names that it assigns to. */

import type { AnyNode, Program } from 'acorn'
import { patternNames, requiredSpecifier } from './import-expression.ts'
import { walk } from './syntax.ts'

export interface ModuleEdge {
  readonly specifier: string
  readonly kind: 'import' | 'require'
  /** Whether the module may do without, as for what it requires within `try` or imports later. */
  readonly isOptional: boolean
}

export interface ModuleScan {
  readonly edges: readonly ModuleEdge[]
  /** Names that something assigns to, whichever variable that is. */
  readonly assigned: ReadonlySet<string>
  /** Whether anything is there that only an ECMAScript module can have. */
  readonly isModule: boolean
}

const functionTypes: ReadonlySet<string> = new Set([
  'FunctionExpression',
  'FunctionDeclaration',
  'ArrowFunctionExpression',
])
const moduleTypes: ReadonlySet<string> = new Set([
  'ImportDeclaration',
  'ExportAllDeclaration',
  'ExportNamedDeclaration',
  'ExportDefaultDeclaration',
])

/** Looks through all of a module, whatever is nested how deep. */
export function scanModule(program: Program): ModuleScan {
  const edges = new Map<string, ModuleEdge>()
  const assigned = new Set<string>()
  let isModule = false
  const visit = (root: AnyNode, isOptional: boolean): void => {
    walk(root, (node, parent) => {
      if (node !== root && isLaterOrTried(node, parent)) {
        visit(node, true)
        return false
      }
      isModule ||= moduleTypes.has(node.type) || isImportMeta(node)
      const edge = edgeOf(node, isOptional)
      if (edge === undefined) noteAssigned(node, assigned)
      else {
        const key = `${edge.kind} ${edge.specifier}`
        if (edges.get(key)?.isOptional !== false) edges.set(key, edge)
      }
      return undefined
    })
  }
  visit(program, false)
  return { edges: [...edges.values()], assigned, isModule }
}

function isLaterOrTried(node: AnyNode, parent: AnyNode | undefined): boolean {
  if (parent?.type === 'TryStatement') return node === parent.block
  // The function that a compiler puts around a whole file is called at once.
  if (parent?.type === 'CallExpression' && parent.callee === node) return false
  return functionTypes.has(node.type)
}

function isImportMeta(node: AnyNode): boolean {
  return node.type === 'MetaProperty' && node.meta.name === 'import'
}

function edgeOf(node: AnyNode, isOptional: boolean): ModuleEdge | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration': {
      const specifier = node.source?.value
      return typeof specifier === 'string' ? { kind: 'import', specifier, isOptional: false } : undefined
    }
    case 'ImportExpression': {
      const specifier = node.source.type === 'Literal' ? node.source.value : undefined
      return typeof specifier === 'string' ? { kind: 'import', specifier, isOptional: true } : undefined
    }
    case 'CallExpression': {
      const specifier = requiredSpecifier(node)
      return specifier === undefined ? undefined : { kind: 'require', specifier, isOptional }
    }
    default:
      return undefined
  }
}

function noteAssigned(node: AnyNode, assigned: Set<string>): void {
  if (node.type === 'AssignmentExpression') for (const name of patternNames(node.left)) assigned.add(name)
  else if (node.type === 'UpdateExpression' && node.argument.type === 'Identifier')
    assigned.add(node.argument.name)
  else if (node.type === 'ForInStatement' || node.type === 'ForOfStatement') {
    if (node.left.type !== 'VariableDeclaration')
      for (const name of patternNames(node.left)) assigned.add(name)
  }
}
