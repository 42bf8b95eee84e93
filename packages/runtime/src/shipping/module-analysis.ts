/** What a module imports, declares and exports, found in its source text. */

import type {
  ExportDefaultDeclaration,
  ExportNamedDeclaration,
  Expression,
  ImportDeclaration,
  ModuleDeclaration,
  Program,
  Statement,
  VariableDeclaration,
} from 'acorn'
import { addsWorkers } from './adds-workers.ts'
import { type ImportedName, importedBy, patternNames } from './import-expression.ts'
import { type ModuleEdge, scanModule } from './module-scan.ts'
import { parseProgram } from './syntax.ts'
import { isTestFile } from './test-file.ts'

/** How a variable at the top level gets its value; `mutable` ones may get another one later. */
export type BindingKind = 'constant' | 'mutable' | 'import'

export type ExportSource =
  | { readonly local: string }
  | { readonly specifier: string; readonly export: string }

/** A function or class of the top level: the variable that holds it, or `default`, which is exported without one. */
export interface DeclaredFunction {
  readonly local?: string
}

export interface ModuleAnalysis {
  readonly isModule: boolean
  /** Whether it says `'use strict'` for all of itself. */
  readonly isStrict: boolean
  readonly edges: readonly ModuleEdge[]
  /** By the name in this module. */
  readonly imports: ReadonlyMap<string, ImportedName>
  readonly bindings: ReadonlyMap<string, BindingKind>
  /** By where their source starts. */
  readonly declared: ReadonlyMap<number, DeclaredFunction>
  readonly exports: ReadonlyMap<string, ExportSource>
  /** The specifiers of `export * from`. */
  readonly stars: readonly string[]
  /** Whether it declares tests, so that loading it anywhere else would run these. */
  readonly isTestFile: boolean
  /** Whether it adds workers, so that it can be loaded on the manager only. */
  readonly addsWorkers: boolean
  /** Where code can be added that sees what the top level declares, and runs last. */
  readonly end: number
}

interface Draft {
  readonly imports: Map<string, ImportedName>
  readonly bindings: Map<string, BindingKind>
  readonly declared: Map<number, DeclaredFunction>
  readonly exports: Map<string, ExportSource>
  readonly stars: string[]
  /** Names that something in the module assigns to, whichever variable that is. */
  readonly assigned: ReadonlySet<string>
}

/**
 * Analyzes the source of a module or CommonJS file.
 *
 * @throws {SyntaxError} when it is neither.
 */
export function analyzeModule(text: string): ModuleAnalysis {
  const program = parse(text)
  const { edges, assigned, isModule } = scanModule(program)
  const draft: Draft = {
    imports: new Map(),
    bindings: new Map(),
    declared: new Map(),
    exports: new Map(),
    stars: [],
    assigned,
  }
  const { body, end } = topLevel(program)
  for (const statement of body) addStatement(statement, draft)
  return {
    ...draft,
    isModule: isModule && program.sourceType === 'module',
    isStrict: program.body.some(
      (statement) => 'directive' in statement && statement.directive === 'use strict',
    ),
    isTestFile: isTestFile(body, draft.imports, (name) => draft.bindings.has(name)),
    addsWorkers: addsWorkers(body, draft.imports),
    edges,
    end,
  }
}

function parse(text: string): Program {
  try {
    return parseProgram(text, 'module')
  } catch (error) {
    try {
      return parseProgram(text, 'commonjs')
    } catch {
      throw error
    }
  }
}

/** tsx puts a CommonJS file into a function that it calls, Vite a module into one that it is given. */
function topLevel(program: Program): { body: readonly (Statement | ModuleDeclaration)[]; end: number } {
  const whole = { body: program.body, end: program.end }
  const [statement, ...others] = program.body.filter((candidate) => !isPrologue(candidate))
  if (statement?.type !== 'ExpressionStatement' || others.length > 0) return whole
  const { expression } = statement
  const isCalled = expression.type === 'CallExpression' && expression.arguments.length === 0
  const wrapper = isCalled ? expression.callee : expression
  if (wrapper.type !== 'ArrowFunctionExpression' || wrapper.body.type !== 'BlockStatement') return whole
  if (isCalled === wrapper.async) return whole
  const [inner] = wrapper.body.body
  const block = inner?.type === 'BlockStatement' && wrapper.body.body.length === 1 ? inner : wrapper.body
  return { body: block.body, end: block.end - 1 }
}

/** `'use strict'`, and the `__filename = '…'` that tsx puts in front. */
function isPrologue(statement: Statement | ModuleDeclaration): boolean {
  if (statement.type !== 'ExpressionStatement') return false
  const { expression } = statement
  if (expression.type === 'Literal') return true
  return (
    expression.type === 'AssignmentExpression' &&
    expression.left.type === 'Identifier' &&
    expression.left.name === '__filename'
  )
}

function addStatement(statement: Statement | ModuleDeclaration, draft: Draft): void {
  switch (statement.type) {
    case 'ImportDeclaration':
      addImports(statement, draft)
      return
    case 'ExportAllDeclaration':
      if (statement.exported)
        draft.exports.set(exportName(statement.exported), { specifier: sourceOf(statement), export: '*' })
      else draft.stars.push(sourceOf(statement))
      return
    case 'ExportNamedDeclaration':
      addExports(statement, draft)
      return
    case 'ExportDefaultDeclaration':
      addDefault(statement.declaration, draft)
      return
    default:
      addStatementNames(statement, draft)
  }
}

function addImports(declaration: ImportDeclaration, draft: Draft): void {
  const specifier = sourceOf(declaration)
  for (const item of declaration.specifiers) {
    const whole = item.type === 'ImportNamespaceSpecifier' ? '*' : 'default'
    const exported = item.type === 'ImportSpecifier' ? exportName(item.imported) : whole
    draft.bindings.set(item.local.name, 'import')
    draft.imports.set(item.local.name, { kind: 'import', specifier, export: exported })
  }
}

function addExports(statement: ExportNamedDeclaration, draft: Draft): void {
  const names = statement.declaration ? addStatementNames(statement.declaration, draft) : []
  for (const name of names) draft.exports.set(name, { local: name })
  for (const item of statement.specifiers) {
    const local = exportName(item.local)
    const source = statement.source ? { specifier: sourceOf(statement), export: local } : { local }
    draft.exports.set(exportName(item.exported), source)
  }
}

function addDefault(declaration: ExportDefaultDeclaration['declaration'], draft: Draft): void {
  if (declaration.type !== 'FunctionDeclaration' && declaration.type !== 'ClassDeclaration') return
  const local = declaration.id?.name
  draft.declared.set(declaration.start, local === undefined ? {} : { local })
  if (local !== undefined) draft.bindings.set(local, bindingKind(local, draft))
}

function sourceOf({ source }: { readonly source?: { readonly value?: unknown } | null }): string {
  return String(source?.value)
}

function addStatementNames(statement: Statement, draft: Draft): string[] {
  if (statement.type === 'FunctionDeclaration' || statement.type === 'ClassDeclaration') {
    const local = statement.id.name
    draft.declared.set(statement.start, { local })
    draft.bindings.set(local, bindingKind(local, draft))
    return [local]
  }
  return statement.type === 'VariableDeclaration' ? addVariables(statement, draft) : []
}

function addVariables(declaration: VariableDeclaration, draft: Draft): string[] {
  const names: string[] = []
  for (const declarator of declaration.declarations) {
    const own = patternNames(declarator.id)
    for (const name of own) draft.bindings.set(name, bindingKind(name, draft))
    names.push(...own)
    const [local] = own
    const start = declarator.init ? functionStart(declarator.init) : undefined
    if (declarator.id.type === 'Identifier' && local !== undefined && start !== undefined) {
      draft.declared.set(start, { local })
    }
    for (const [name, imported] of importedBy(declarator)) draft.imports.set(name, imported)
  }
  return names
}

/** Where a function starts that is the value of a variable, be it within the `__name(…)` that compilers add. */
function functionStart(init: Expression): number | undefined {
  if (/^(Function|ArrowFunction|Class)Expression$/.test(init.type)) return init.start
  if (init.type !== 'CallExpression' || init.callee.type !== 'Identifier' || init.callee.name !== '__name')
    return undefined
  const [named] = init.arguments
  return named && named.type !== 'SpreadElement' ? functionStart(named) : undefined
}

function bindingKind(name: string, draft: Draft): BindingKind {
  return draft.assigned.has(name) ? 'mutable' : 'constant'
}

function exportName(node: { type: string; name?: string; value?: unknown }): string {
  return node.name ?? String(node.value)
}
