/** Parsing and walking JavaScript, with the options that all of shipping shares. */

import { type AnyNode, type Node, type Options, type Program, parse } from 'acorn'

const options: Options & { checkPrivateFields: boolean } = {
  ecmaVersion: 'latest',
  ranges: true,
  allowHashBang: true,
  allowSuperOutsideMethod: true,
  // Functions are looked at apart from the class that declares the private names they use.
  checkPrivateFields: false,
}

/** @throws {SyntaxError} when `text` is no JavaScript of that kind. */
export function parseProgram(text: string, sourceType: 'module' | 'script' | 'commonjs'): Program {
  return parse(text, { ...options, sourceType })
}

/** The first node of all that can be seen below `node`, itself included; `visit` returns false to leave out what is below. */
export function walk(
  node: Node,
  visit: (node: AnyNode, parent: AnyNode | undefined) => boolean | undefined,
): void {
  visitNode(node as AnyNode, undefined, visit)
}

function visitNode(
  node: AnyNode,
  parent: AnyNode | undefined,
  visit: (node: AnyNode, parent: AnyNode | undefined) => boolean | undefined,
): void {
  if (visit(node, parent) === false) return
  // The fields of a node differ by its type; what is below it is whatever has a type of its own.
  for (const key in node) {
    const value: unknown = Reflect.get(node, key)
    if (typeof value !== 'object' || value === null || key === 'range') continue
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) visitNode(item, node, visit)
    } else if (isNode(value)) visitNode(value, node, visit)
  }
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

/** The line (from 0) and column (from 0) of a position in a text. */
export function positionAt(text: string, offset: number): { line: number; column: number } {
  let line = 0
  let start = 0
  for (let end = text.indexOf('\n'); end !== -1 && end < offset; end = text.indexOf('\n', start)) {
    line++
    start = end + 1
  }
  return { line, column: offset - start }
}

/** The position in a text of a line (from 0) and column (from 0); its end when there is no such line. */
export function offsetAt(text: string, line: number, column: number): number {
  let start = 0
  for (let left = line; left > 0; left--) {
    const end = text.indexOf('\n', start)
    if (end === -1) return text.length
    start = end + 1
  }
  return start + column
}

/** Where `sought` is first, from a position on, outside of comments; the end of the text when it is not there. */
export function findInCode(text: string, sought: string, from: number): number {
  const comment = /\/\*[^]*?\*\/|\/\/.*/y
  for (let at = from; at < text.length; at++) {
    comment.lastIndex = at
    if (comment.test(text)) at = comment.lastIndex - 1
    else if (text.startsWith(sought, at)) return at
  }
  return text.length
}

/** A part of a text and what is to stand there instead. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Carries out edits; what a text is shortened by becomes white space, so that what follows stays where it is. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = ''
  let position = 0
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    result += text.slice(position, edit.start) + putInto(blank(text.slice(edit.start, edit.end)), edit.text)
    position = edit.end
  }
  return result + text.slice(position)
}

/** Puts a text in the place of spaces, and keeps the lines. */
function putInto(blanks: string, text: string): string {
  const start = Math.max(0, blanks.indexOf(' '.repeat(text.length)))
  return blanks.slice(0, start) + text + blanks.slice(start + text.length)
}

function blank(text: string): string {
  return text.replace(/[^\n\r\u2028\u2029]/g, ' ')
}
