import { expect, test } from 'vitest'
import { analyzeModule } from '../src/shipping/module-analysis.ts'

test('analyzeModule() lists imports by their name in the module', () => {
  const { imports } = analyzeModule(`
    import a, { b, c as d, default as e } from 'one'
    import * as f from 'two'
    const g = await import('three')
    const { h, i: j } = await import('four')
  `)

  expect([...imports].map(([name, { specifier, export: exported }]) => [name, specifier, exported])).toEqual([
    ['a', 'one', 'default'],
    ['b', 'one', 'b'],
    ['d', 'one', 'c'],
    ['e', 'one', 'default'],
    ['f', 'two', '*'],
    ['g', 'three', '*'],
    ['h', 'four', 'h'],
    ['j', 'four', 'i'],
  ])
})

test('analyzeModule() understands the forms in which CommonJS modules are required', () => {
  const { imports, isModule } = analyzeModule(`
    const a = require('one')
    const { b, c: d } = require('two')
    const e = require('three').f
    var g = __toESM(require('four'), 1), h = __toESM(require('five'))
  `)

  expect(isModule).toBe(false)
  expect(
    [...imports].map(([name, { specifier, export: exported, member }]) => [
      name,
      specifier,
      exported,
      member,
    ]),
  ).toEqual([
    ['a', 'one', 'module.exports', undefined],
    ['b', 'two', 'module.exports', 'b'],
    ['d', 'two', 'module.exports', 'c'],
    ['e', 'three', 'module.exports', 'f'],
    ['g', 'four', '__toESM node', undefined],
    ['h', 'five', '__toESM', undefined],
  ])
})

test('analyzeModule() tells what a module needs from what it may do without', () => {
  const { edges } = analyzeModule(`
    import 'needed'
    export { a } from 'needed too'
    const b = require('required')
    try { require('tried') } catch { require('instead') }
    function later() { require('later'); return import('imported later') }
    ;(() => require('called at once'))()
    require(computed)
  `)

  expect(edges.map(({ kind, specifier, isOptional }) => [kind, specifier, isOptional])).toEqual([
    ['import', 'needed', false],
    ['import', 'needed too', false],
    ['require', 'required', false],
    ['require', 'tried', true],
    ['require', 'instead', false],
    ['require', 'later', true],
    ['import', 'imported later', true],
    ['require', 'called at once', false],
  ])
})

test('analyzeModule() tells which variables may change', () => {
  const { bindings } = analyzeModule(`
    import { imported } from 'x'
    const constant = 1
    let assigned = 1, untouched = 2
    export let counted = 0
    function declared() { assigned = 2; counted++ }
    class Declared {}
    let { taken, apart } = constant
    for (taken of []) {}
  `)

  expect(Object.fromEntries(bindings)).toEqual({
    imported: 'import',
    constant: 'constant',
    assigned: 'mutable',
    untouched: 'constant',
    counted: 'mutable',
    declared: 'constant',
    Declared: 'constant',
    taken: 'mutable',
    apart: 'constant',
  })
})

test('analyzeModule() knows where the functions of the top level start', () => {
  const text = `function a() {}
export class B {}
const c = () => {}, d = __name(function () {}, 'd'), e = wrap(() => {})
export default function () {}`

  const { declared } = analyzeModule(text)

  const names = [...declared].map(([start, { local }]) => [text.slice(start, start + 8), local])
  expect(names).toEqual([
    ['function', 'a'],
    ['class B ', 'B'],
    ['() => {}', 'c'],
    ['function', 'd'],
    ['function', undefined],
  ])
})

test('analyzeModule() lists exports', () => {
  const { exports, stars } = analyzeModule(`
    export const a = 1, { b, c: [d] } = x
    export function e() {}
    const f = 1
    export { f as g, f as default }
    export { h as i } from 'one'
    export * as j from 'two'
    export * from 'three'
  `)

  expect(Object.fromEntries(exports)).toEqual({
    a: { local: 'a' },
    b: { local: 'b' },
    d: { local: 'd' },
    e: { local: 'e' },
    g: { local: 'f' },
    default: { local: 'f' },
    i: { specifier: 'one', export: 'h' },
    j: { specifier: 'two', export: '*' },
  })
  expect(stars).toEqual(['three'])
})

test('analyzeModule() sees through the function that tsx puts around a CommonJS file', () => {
  const text = '__filename="/a.ts";(()=>{\nvar import_b=require("b");const c=1;\n})()\n'

  const { bindings, imports, end } = analyzeModule(text)

  expect([...bindings.keys()]).toEqual(['import_b', 'c'])
  expect(imports.get('import_b')?.specifier).toBe('b')
  expect(text.slice(end)).toBe('})()\n')
})

test('analyzeModule() takes a program that is one call of an async function for what it is', () => {
  expect([...analyzeModule('(async () => { const a = 1 })()').bindings]).toEqual([])
})

test('analyzeModule() tells a module by what only a module can have', () => {
  expect(analyzeModule('export {}').isModule).toBe(true)
  expect(analyzeModule('const a = () => import.meta.url').isModule).toBe(true)
  expect(analyzeModule('const a = 1').isModule).toBe(false)
  expect(analyzeModule('with (a) { b }').isModule).toBe(false)
})

test('analyzeModule() refuses what is no JavaScript', () => {
  expect(() => analyzeModule('const a: number = 1')).toThrow(SyntaxError)
})

test.each([
  ["import { addProcs } from '@dialback/manager'\nawait addProcs(2)", true],
  ["import { addProcs as add } from '@dialback/manager'\nexport const [id] = await add(2)", true],
  ["import * as dialback from '@dialback/manager'\ndialback.addProcs(2).then(() => {})", true],
  ["const { addProcs } = require('@dialback/manager')\naddProcs(2).then(main)", true],
  ["import { Cluster } from '@dialback/manager'\nconst ids = await new Cluster().addProcs(2)", true],
  ["import { addProcs } from '@dialback/manager'\nexport const start = () => addProcs(2)", false],
  ["import { addProcs } from '@dialback/manager'\nif (isMain) await addProcs(2)", false],
  ["import { addProcs } from '@dialback/manager'\nconst add = addProcs\nadd(2)", false],
  ["import { addProcs } from './own.js'\nawait addProcs(2)", false],
  ['const { addProcs } = manager\nlog(manager.addProcs)', false],
])('analyzeModule() tells whether %j adds workers when it is loaded', (text, expected) => {
  expect(analyzeModule(text).addsWorkers).toBe(expected)
})
