/** Reads what `Function.prototype.toString` gives, in whatever form the function was written. */

import type { ArrowFunctionExpression, Class, FunctionExpression, Program, Property } from 'acorn'
import type { SourceForm } from './shell.ts'
import { type Edit, findInCode, parseProgram } from './syntax.ts'

export interface ParsedFunction {
  readonly form: SourceForm
  readonly program: Program
  readonly node: ArrowFunctionExpression | FunctionExpression | Class
  /** How much was put in front of the text to make it parse: what to take off the positions in `program`. */
  readonly offset: number
  readonly isStrict: boolean
  /** Where V8 says that the function starts: an offset into the text. */
  readonly start: number
  /** Gives a method with a computed name a plain one: the expression is not its concern. */
  readonly edits: readonly Edit[]
}

/** @throws {SyntaxError} when the text is in none of the forms that a function is shown in. */
export function parseFunction(text: string): ParsedFunction {
  const expression = attempt(`(${text}\n)`)
  if (expression !== undefined) return parsedExpression(text, expression.program, expression.isStrict)
  const member = attempt(`({${text}\n})`)
  if (member !== undefined) return parsedMember(text, member.program, member.isStrict)
  // Whoever reads the message sees the text as it was written.
  parseProgram(`(${text}\n)`, 'script')
  throw new SyntaxError('It is no function')
}

function attempt(text: string): { program: Program; isStrict: boolean } | undefined {
  for (const sourceType of ['module', 'script'] as const) {
    try {
      return { program: parseProgram(text, sourceType), isStrict: sourceType === 'module' }
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
    }
  }
  return undefined
}

function parsedExpression(text: string, program: Program, isStrict: boolean): ParsedFunction {
  const statement = program.body[0]
  const node = statement?.type === 'ExpressionStatement' ? statement.expression : undefined
  const common = { form: 'expression', program, offset: 1, isStrict, edits: [] } as const
  switch (node?.type) {
    case 'ArrowFunctionExpression':
      return { ...common, node, start: 0 }
    case 'FunctionExpression':
      return {
        ...common,
        node,
        start: findInCode(text, '(', 0),
      }
    case 'ClassExpression':
      return { ...common, node, start: constructorStart(node) }
    default:
      throw new SyntaxError('It is no function')
  }
}

function parsedMember(text: string, program: Program, isStrict: boolean): ParsedFunction {
  const statement = program.body[0]
  const object = statement?.type === 'ExpressionStatement' ? statement.expression : undefined
  const member = object?.type === 'ObjectExpression' ? object.properties[0] : undefined
  if (member?.type !== 'Property' || member.value.type !== 'FunctionExpression') {
    throw new SyntaxError('It is no function')
  }
  const offset = 2
  const start = member.value.start - offset
  const edits = member.computed ? [plainName(text, member, offset)] : []
  return { form: formOf(member), program, node: member.value, offset, isStrict, start, edits }
}

function formOf(member: Property): SourceForm {
  if (member.kind === 'get') return 'getter'
  return member.kind === 'set' ? 'setter' : 'method'
}

function plainName(text: string, member: Property, offset: number): Edit {
  return {
    start: findInCode(text, '[', member.start - offset),
    end: findInCode(text, ']', member.key.end - offset) + 1,
    text: 'f',
  }
}

/** V8 takes a class to start where its constructor's parameters do, if it has one. */
function constructorStart(node: Class): number {
  for (const member of node.body.body) {
    if (member.type === 'MethodDefinition' && member.kind === 'constructor') return member.value.start - 1
  }
  return 0
}
