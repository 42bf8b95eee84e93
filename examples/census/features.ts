/** Which features of the language a node of the syntax tree uses. */

import { isFunction, type Node } from '@babel/types'
import { type Counts, count } from './counts.ts'

/** Node types that are a feature by themselves. */
const featureOfType: { readonly [type in Node['type']]?: string } = {
  ArrowFunctionExpression: 'arrow function',
  AwaitExpression: 'await',
  BigIntLiteral: 'bigint literal',
  ClassAccessorProperty: 'auto-accessor',
  ClassDeclaration: 'class',
  ClassExpression: 'class',
  ClassPrivateMethod: 'private member',
  ClassPrivateProperty: 'private member',
  Decorator: 'decorator',
  ImportExpression: 'dynamic import',
  JSXElement: 'JSX',
  LabeledStatement: 'label',
  MetaProperty: 'import.meta, new.target',
  ObjectPattern: 'destructuring',
  ArrayPattern: 'destructuring',
  OptionalCallExpression: 'optional chaining',
  OptionalMemberExpression: 'optional chaining',
  RegExpLiteral: 'regular expression',
  RestElement: 'rest parameter',
  SpreadElement: 'spread',
  StaticBlock: 'static block',
  TaggedTemplateExpression: 'tagged template',
  TemplateLiteral: 'template literal',
  TryStatement: 'try',
  TSAsExpression: 'as',
  TSConditionalType: 'conditional type',
  TSEnumDeclaration: 'enum',
  TSInterfaceDeclaration: 'interface',
  TSMappedType: 'mapped type',
  TSModuleDeclaration: 'namespace',
  TSSatisfiesExpression: 'satisfies',
  TSTypeAliasDeclaration: 'type alias',
  TSTypeParameterDeclaration: 'type parameters',
  WithStatement: 'with',
  YieldExpression: 'yield',
}

/** Counts the features that `node` itself uses, without those of the nodes inside it. */
export function countFeatures(node: Node, counts: Counts): void {
  const feature = featureOfType[node.type] ?? featureOfDetail(node)
  if (feature !== undefined) count(counts, feature)
  if (!isFunction(node)) return
  if (node.async === true) count(counts, 'async function')
  if (node.generator === true) count(counts, 'generator')
  if ('kind' in node && (node.kind === 'get' || node.kind === 'set')) count(counts, 'getter or setter')
}

function featureOfDetail(node: Node): string | undefined {
  switch (node.type) {
    case 'VariableDeclaration':
      return node.kind
    case 'ForOfStatement':
      return node.await ? 'for await' : 'for of'
    case 'BinaryExpression':
      return node.operator === '**' ? '**' : undefined
    case 'LogicalExpression':
      return node.operator === '??' ? '??' : undefined
    case 'AssignmentExpression':
      return /^(\?\?|\|\||&&)=$/.test(node.operator) ? '??= ||= &&=' : undefined
    case 'ImportDeclaration':
      return node.importKind === 'type' ? 'import type' : undefined
    default:
      return undefined
  }
}
