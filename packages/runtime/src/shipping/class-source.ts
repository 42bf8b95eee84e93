/**
 * How a class is written so that it can be created before the values that it captured are there: its parent and its
 * static state are left out, for they travel as values and are set once they have arrived.
 */

import type { Class, MethodDefinition, PropertyDefinition, StaticBlock } from 'acorn'
import { privatesName } from './compiled-names.ts'
import type { ParsedFunction } from './parse-function.ts'
import { type Edit, findInCode } from './syntax.ts'

interface Range {
  readonly start: number
  readonly end: number
}

export interface ClassParts {
  readonly edits: readonly Edit[]
  /** Parts of the source that are not run where the class arrives. */
  readonly removed: readonly Range[]
  /** Parts that are run as soon as the class is created there. */
  readonly creation: readonly Range[]
  /** The stand-in of the parent class in the source. */
  readonly parentName?: string
  readonly privateStatics: readonly string[]
  readonly staticMembers: ReadonlySet<string>
  readonly privateMembers: readonly string[]
}

/** Whether a function is a class, which only `new` can call. */
export function isClass(fn: object): boolean {
  return Function.prototype.toString.call(fn).startsWith('class')
}

/** Nothing to change for what is no class. */
export function classSource(text: string, parsed: ParsedFunction): ClassParts {
  const { node, offset } = parsed
  const parts: MutableParts = {
    edits: [],
    removed: [],
    creation: [],
    privateStatics: [],
    staticMembers: new Set(),
    privateMembers: [],
  }
  if (node.type !== 'ClassExpression' && node.type !== 'ClassDeclaration') return parts
  const at = (range: Range): Range => ({ start: range.start - offset, end: range.end - offset })
  if (node.superClass && !(node.superClass.type === 'Literal' && node.superClass.value === null)) {
    parts.parentName = unusedLetter(text)
    // Parentheses around the parent are no part of its node.
    const start = (node.id?.end ?? node.start + 'class'.length) - offset
    const heritage = {
      start: findInCode(text, 'extends', start) + 'extends'.length,
      end: node.body.start - offset,
    }
    parts.edits.push({ ...heritage, text: ` ${parts.parentName}` })
    parts.removed.push(heritage)
  }
  for (const member of node.body.body) addMember(member, text, parts, at)
  addPrivateStatics(node, parts, at)
  return parts
}

interface MutableParts {
  parentName?: string
  readonly edits: Edit[]
  readonly removed: Range[]
  readonly creation: Range[]
  readonly privateStatics: string[]
  readonly staticMembers: Set<string>
  readonly privateMembers: string[]
}

type Member = MethodDefinition | PropertyDefinition | StaticBlock

function addMember(member: Member, text: string, parts: MutableParts, at: (range: Range) => Range): void {
  if (member.type === 'StaticBlock') {
    parts.edits.push({ ...at(member), text: ';' })
    parts.removed.push(at(member))
    return
  }
  if (member.computed) parts.creation.push(at(member.key))
  if (member.type === 'PropertyDefinition' && member.static && member.value) {
    const keyEnd = at(member.key).end
    const start = member.computed ? findInCode(text, ']', keyEnd) + 1 : keyEnd
    // Parentheses around the value are no part of its node.
    const { end } = at(member)
    const value = { start, end: text[end - 1] === ';' ? end - 1 : end }
    // The semicolon keeps `static get = 1` from becoming part of what follows.
    parts.edits.push({ ...value, text: ';' })
    parts.removed.push(value)
  }
  noteName(member, parts)
}

function noteName(member: MethodDefinition | PropertyDefinition, parts: MutableParts): void {
  const { key } = member
  if (key.type === 'PrivateIdentifier') {
    if (!member.static) parts.privateMembers.push(key.name)
    else if (member.type === 'PropertyDefinition') parts.privateStatics.push(key.name)
  } else if (member.type === 'MethodDefinition' && member.static && !member.computed) {
    if (key.type === 'Identifier') parts.staticMembers.add(key.name)
    else if (key.type === 'Literal') parts.staticMembers.add(String(key.value))
  }
}

function addPrivateStatics(node: Class, parts: MutableParts, at: (range: Range) => Range): void {
  if (parts.privateStatics.length === 0) return
  const assignments = parts.privateStatics.map((name) => `this.#${name}=v.${name};`).join('')
  const end = at(node.body).end - 1
  parts.edits.push({ start: end, end, text: `;static{${privatesName}=v=>{${assignments}}}` })
}

/** One letter, to fit in the place of any other parent. */
function unusedLetter(text: string): string {
  const used = new Set(text.match(/[\w$]+/g))
  const letter = '$_abcdefghijklmnopqrstuvwxyz'.split('').find((candidate) => !used.has(candidate))
  if (letter === undefined) throw new SyntaxError('It uses all names of one letter')
  return letter
}
