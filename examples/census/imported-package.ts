/** Which package a node of the syntax tree imports. */

import { isBuiltin } from 'node:module'
import type { Node } from '@babel/types'

/** The package or builtin that `node` imports, by whatever syntax. */
export function importedPackage(node: Node): string | undefined {
  const specifier = importedSpecifier(node)
  if (specifier === undefined) return undefined
  if (/^[./#]/.test(specifier)) return 'own files'
  if (isBuiltin(specifier)) return `node:${specifier.replace(/^node:/, '')}`
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function importedSpecifier(node: Node): string | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return literal(node.source)
    case 'TSExternalModuleReference':
      return literal(node.expression)
    case 'CallExpression':
      return node.callee.type === 'Identifier' && node.callee.name === 'require'
        ? literal(node.arguments[0])
        : undefined
    default:
      return undefined
  }
}

function literal(node: Node | null | undefined): string | undefined {
  return node?.type === 'StringLiteral' ? node.value : undefined
}
