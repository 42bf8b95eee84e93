import { expect, test } from 'vitest'
import { analyzeFunction } from '../src/shipping/free-variables.ts'

const cases: readonly (readonly [source: string, free: readonly string[]])[] = [
  ['x => x * x', []],
  ['x => x * k', ['k']],
  ['async x => await f(x)', ['f']],
  ['async (x) => { for await (const y of x) g(y) }', ['g']],
  ['function (a, b = c) { return a + b }', ['c']],
  ['function fact(n) { return n <= 1 ? 1 : n * fact(n - 1) }', []],
  ['function* gen() { yield* other() }', ['other']],
  ['async function* () { yield await a }', ['a']],
  ['foo() { return bar }', ['bar']],
  ['async foo(x) { return x + y }', ['y']],
  ['*foo() { yield y }', ['y']],
  ['async *foo() { yield y }', ['y']],
  ['get size() { return n }', ['n']],
  ['set size(v) { n = v }', ['n']],
  ['[key]() { return other }', ['other']],
  ["['a' + b](c) { return c }", []],
  ["'quoted name'() { return z }", ['z']],
  ['12() { return z }', ['z']],
  ['get(x) { return x + y }', ['y']],
  ['async(x) { return x + y }', ['y']],
  ['static(x) { return x + y }', ['y']],
  ['if(x) { return y }', ['y']],
  ['({ a, b: [c, ...d], ...e }) => a + c + d + e + f', ['f']],
  ['(a, b = a, c = d) => b + c', ['d']],
  ['() => { let x = 1; { let x = y; return x } }', ['y']],
  ['() => { x = 1; var x }', []],
  ['() => { outer: for (;;) { break outer } }', []],
  ['() => { try { f() } catch (e) { g(e) } }', ['f', 'g']],
  ['() => { try { f() } catch { g() } }', ['f', 'g']],
  ['() => ({ a, b: c, [d]: 1, e() { return h } })', ['a', 'c', 'd', 'h']],
  ['x => x.a.b?.c[d]', ['d']],
  ['x => `a${x}b${y}`', ['y']],
  ['() => tag`a`', ['tag']],
  ['() => { function inner() { return deep } return inner }', ['deep']],
  ['() => { class A { b = c; #d = e; static f = g; [h]() {} } return A }', ['c', 'e', 'g', 'h']],
  ['x => typeof y === "string" ? x : z', ['y', 'z']],
  ['function () { return arguments.length + new.target }', []],
  ['class { }', []],
  ['class A extends B { m() { return c } }', ['c']],
  ['class A extends mixin(B, d) { static x = e; static { f() } y = g }', ['g']],
  ['class A { static a() { return A.b } #p = q; get r() { return this.#p } }', ['q']],
  ['class A { [k]() {} static [l] = m }', ['k', 'l']],
  ['function () { return eval("x") }', ['eval']],
  ['() => { const { a = b } = c }', ['b', 'c']],
  ['() => a ||= b', ['a', 'b']],
  ['x => x instanceof Y', ['Y']],
  ['() => { for (const k in o) use(k) }', ['o', 'use']],
  ['() => /a\\/b/u.test(s)', ['s']],
  ['() => new Foo(...bar)', ['Foo', 'bar']],
  ['function () { "use strict"; return x }', ['x']],
  ['function () { with (o) { return p } }', ['o', 'p']],
  ['() => undefined', ['undefined']],
  ['() => { switch (x) { case y: { let z = w; return z } } }', ['x', 'y', 'w']],
  ['() => import(name)', ['name']],
  ['() => { using r = open(); return r }', ['open']],
]

test.each(cases)('analyzeFunction() finds what %s uses from outside', (source, free) => {
  const names = analyzeFunction(source).free.map(({ name }) => name)

  expect(names.sort()).toEqual([...free].sort())
})

test('analyzeFunction() tells typeof of an undefined variable from other uses', () => {
  const { free } = analyzeFunction('() => typeof a === "x" && typeof b === "y" && b')

  expect(free.map(({ name, isOnlyTypeof }) => [name, isOnlyTypeof])).toEqual([
    ['a', true],
    ['b', false],
  ])
})

test('analyzeFunction() gives the places of uses in the source text', () => {
  const source = 'foo() {\n  return bar + bar\n}'

  const [bar] = analyzeFunction(source).free

  expect(bar?.uses.map((offset) => source.slice(offset, offset + 3))).toEqual(['bar', 'bar'])
})

const rewritten: readonly (readonly [source: string, compiled: string])[] = [
  ['() => this.a + (() => this.b)()', '() => $ths.a + (() => $ths.b)()'],
  ['() => function () { return this }', '() => function () { return this }'],
  ['function () { return () => this }', 'function () { return () => this }'],
  ['() => import.meta.url', '() => $importMeta.url'],
  ['[key]() { return 1 }', 'f    () { return 1 }'],
  ['get [a\n+ b]() {}', 'get f \n    () {}'],
  ['class A extends B { }', 'class A extends $ { }'],
  ['class A extends f(B, $) { }', 'class A extends _       { }'],
  ['class A { static a = 1; static b }', 'class A { static a;   ; static b }'],
  ['class A { static get = 1\n m() {} }', 'class A { static get;   \n m() {} }'],
  ['class A { static a = (1) }', 'class A { static a;      }'],
  ['class A { static a = (1); b }', 'class A { static a;     ; b }'],
  ['class A { static [a /* ] */] = 1 }', 'class A { static [a /* ] */];    }'],
  ['class A /* extends */ extends B { }', 'class A /* extends */ extends $ { }'],
  ['async /* [ */ [a /* ] */] /* ] */ () {}', 'async /* [ */ f           /* ] */ () {}'],
  ['class A { static { a\n() } m() {} }', 'class A { ;         \n     m() {} }'],
  ['class A { static #a = 1 }', 'class A { static #a;    ;static{$dialbackPrivates=v=>{this.#a=v.a;}}}'],
]

test.each(rewritten)('analyzeFunction() has %s compiled as %s', (source, compiled) => {
  expect(analyzeFunction(source).source).toBe(compiled)
})

test.each([
  ['() => super.a', 'uses "super" of the class or object around it'],
  ['m() { return super.m() }', 'uses "super" of the class or object around it'],
  ['() => arguments[0]', 'uses "arguments" of the function around it'],
  ['x => x.#secret', 'uses the private name #secret of the class around it'],
])('analyzeFunction() says why %s cannot be sent alone', (source, what) => {
  expect(analyzeFunction(source).obstacles.map((obstacle) => obstacle.what)).toEqual([what])
})

test.each([
  'class { m() { return super.m() } }',
  'function () { return arguments }',
  'class { #a; b() { return this.#a } }',
])('analyzeFunction() finds nothing in the way of %s', (source) => {
  expect(analyzeFunction(source).obstacles).toEqual([])
})

test('analyzeFunction() lists what is imported by literal names', () => {
  const { imports } = analyzeFunction('async x => { await import("./a.ts"); require("b"); import(x) }')

  expect(imports).toEqual([
    { kind: 'import', specifier: './a.ts' },
    { kind: 'require', specifier: 'b' },
  ])
})

test('analyzeFunction() tells what a class needs at once from what its methods need', () => {
  const { free } = analyzeFunction('class { [now]() { return later } }')

  expect(free.map(({ name, isForCreation }) => [name, isForCreation])).toEqual([
    ['now', true],
    ['later', false],
  ])
})

test.each(['function () { [native code] }', 'not a function', '() => {'])(
  'analyzeFunction() refuses %s',
  (source) => {
    expect(() => analyzeFunction(source)).toThrow(SyntaxError)
  },
)
