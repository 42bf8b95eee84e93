import { Recoverable } from 'node:repl'
import { expect, test } from 'vitest'
import { toJavaScript } from '../src/cli/repl/to-javascript.ts'

test.each([
  ['const a: number = 1', 'const a         = 1'],
  ['x as number', 'x          '],
  ['await f<string>()', 'await f        ()'],
  ['1 + 1', '1 + 1'],
  ['{ a: 1, b: 2 }', '({ a: 1, b: 2 })'],
  ['with (a) b', 'with (a) b'],
  ["import 'x'", "await import('x');"],
  ["import { a, b as c } from 'x';", "var { a, b: c } = await import('x');"],
  ["import d, { a } from 'x'", "var { default: d, a } = await import('x');"],
  ["import * as all from 'x'", "var all = await import('x');"],
  ["import d, * as all from 'x'", "var { default: d } = await import('x');var all = await import('x');"],
  ["`\nimport { a } from 'x'\n`", "`\nimport { a } from 'x'\n`"],
])('toJavaScript(%j)', (code, expected) => {
  expect(toJavaScript(code)).toBe(expected)
})

test('toJavaScript() compiles what is more than types', () => {
  expect(toJavaScript('enum Size { small = 3 }')).toContain('"small"')
  expect(toJavaScript('class A { constructor(readonly x: number) {} }')).toContain('this.x = x')
})

test.each([
  'function f(x: number) {',
  'const s = `abc',
  'f(',
  'let x: {',
  'interface X {',
  '(x: number) =>',
  '/* abc',
  'if (a)',
  'function f<T',
  'a &&',
])('toJavaScript(%j) waits for more', (code) => {
  expect(() => toJavaScript(`${code}\n`)).toThrow(Recoverable)
})

test.each([
  ['const = 1', 'Expected identifier but found "="'],
  ['const x: number = ;', 'Unexpected ";"'],
  ["'abc", 'Unterminated string literal'],
  [')', 'Unexpected ")"'],
])('toJavaScript(%j) says what is wrong', (code, message) => {
  expect(() => toJavaScript(`${code}\n`)).toThrow(new SyntaxError(message))
})
