import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { ModuleGraph } from '../src/shipping/module-graph.ts'

const folder = mkdtempSync(join(tmpdir(), 'dialback-graph-'))

afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Writes files, and gives a graph in which they can be looked for. */
function graphOf(files: Readonly<Record<string, string>>, external: string[] = []): ModuleGraph {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return new ModuleGraph({
    isRuntimeModule: (specifier) => specifier === '@dialback/manager',
    isEntry: (url) => url.endsWith('/main.js'),
    code: { external, code: 'ship' },
    isOnDisk: () => true,
    textOf: () => undefined,
  })
}

const urlOf = (name: string): string => pathToFileURL(join(folder, name)).href
const namesOf = (graph: ModuleGraph, name: string): string[] =>
  graph
    .files([graph.idOf({ url: urlOf(name) })])
    .map(({ url }) => url.slice(pathToFileURL(folder).href.length + 1))

test('ModuleGraph gives a module with all that it imports, each once', () => {
  const graph = graphOf({
    'package.json': '{ "type": "module" }',
    'a.js': "import './b.js'; import './c.js'; import 'node:fs'; import '@dialback/manager'",
    'b.js': "import './c.js'; import './a.js'",
    'c.js': "import data from './d.json' with { type: 'json' }",
    'd.json': '{}',
  })

  expect(namesOf(graph, 'a.js')).toEqual(['d.json', 'c.js', 'b.js', 'a.js'])
})

test('ModuleGraph says what each specifier leads to', () => {
  const graph = graphOf(
    {
      'a.mjs': "import './b.cjs'; import '@dialback/manager'; import 'sharp/x'; import 'node:fs'",
      'b.cjs': '',
    },
    ['sharp'],
  )

  const [b, a] = graph.files([graph.idOf({ url: urlOf('a.mjs') })])

  expect(a?.imports).toEqual({
    'import ./b.cjs': b?.id,
    'import @dialback/manager': 'runtime',
    'import sharp/x': 'external',
  })
  expect([a?.format, b?.format]).toEqual(['module', 'commonjs'])
})

test('ModuleGraph resolves by the conditions of how a package is used', () => {
  const graph = graphOf({
    'a.mjs':
      "import 'two'; import { createRequire } from 'node:module'; const require = createRequire(import.meta.url); require('two')",
    'node_modules/two/package.json': '{ "exports": { "import": "./i.mjs", "require": "./r.cjs" } }',
    'node_modules/two/i.mjs': 'export {}',
    'node_modules/two/r.cjs': '',
  })

  expect(namesOf(graph, 'a.mjs')).toEqual(['node_modules/two/i.mjs', 'node_modules/two/r.cjs', 'a.mjs'])
})

test('ModuleGraph strips types, keeping places, and compiles what is more than types', () => {
  const graph = graphOf({
    'a.ts': "export const a: number = 1\nimport './b.ts'",
    'b.ts': 'export enum B { C }',
  })

  const [b, a] = graph.files([graph.idOf({ url: urlOf('a.ts') })])

  expect(a?.code).toMatch(/^export const a {9}= 1\n/)
  expect(b?.code).toContain('sourceMappingURL=data:')
})

test('ModuleGraph leaves out what a module can do without', () => {
  const graph = graphOf({
    'a.cjs':
      "try { require('not-there') } catch {}; try { require('./addon.cjs') } catch {}; () => import('./main.js')",
    'addon.cjs': "require('node-gyp-build')(__dirname)",
    'main.js': '',
  })

  expect(namesOf(graph, 'a.cjs')).toEqual(['a.cjs'])
})

test.each([
  [
    { 'a.cjs': "require('./b.cjs')", 'b.cjs': "require('./c.node')", 'c.node': '' },
    "it is a native addon, so its package must be in the worker's image",
  ],
  [
    { 'a.cjs': "require('./b.cjs')", 'b.cjs': "try { require('./c.node') } catch {}", 'c.node': '' },
    "it is a native addon, so its package must be in the worker's image",
  ],
  [
    { 'a.cjs': "require('bindings')('x')" },
    "it loads a native addon, so its package must be in the worker's image",
  ],
  [
    { 'a.cjs': "require('./main.js')", 'main.js': '' },
    'it is the program itself, which must not run again: move what is needed into a module of its own',
  ],
  [{ 'a.cjs': 'const a: number = 1' }, 'it cannot be parsed: Unexpected token (1:7)'],
])('ModuleGraph says why %j cannot be sent', (files, message) => {
  const graph = graphOf(files)

  expect(() => graph.idOf({ url: urlOf('a.cjs') })).toThrow(message)
  expect(graph.analysisOf(urlOf('a.cjs'))).toBeUndefined()
})

test('ModuleGraph follows exports to tell whether they may change', () => {
  const graph = graphOf({
    'a.mjs':
      "export { count as renamed } from './b.mjs'; export * from './b.mjs'; import { count } from './b.mjs'; export { count as imported }",
    'b.mjs':
      'export let count = 0; export const fixed = 1; export function more() { count++ }; export { count as default }',
  })

  const names = ['renamed', 'imported', 'count', 'fixed', 'more', 'default', 'nothing']

  expect(names.filter((name) => graph.isMutable(urlOf('a.mjs'), name))).toEqual([
    'renamed',
    'imported',
    'count',
  ])
  expect(graph.isMutable(urlOf('b.mjs'), 'default')).toBe(true)
})

test('ModuleGraph gives other contents another id', () => {
  const id = graphOf({ 'a.mjs': 'export const a = 1' }).idOf({ url: urlOf('a.mjs') })
  const same = graphOf({ 'a.mjs': 'export const a = 1' }).idOf({ url: urlOf('a.mjs') })
  const other = graphOf({ 'a.mjs': 'export const a = 2' }).idOf({ url: urlOf('a.mjs') })

  expect(same).toBe(id)
  expect(other).not.toBe(id)
})
