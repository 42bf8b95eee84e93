import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ProtocolError } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { ModuleStore } from '../src/reviving/module-store.ts'
import { contentId, withAccessors } from '../src/shipping/graph-loading.ts'
import { analyzeModule } from '../src/shipping/module-analysis.ts'
import type { ModuleFile } from '../src/shipping/shell.ts'

const store = new ModuleStore({ runtimeModule: { myid: () => 7 } })

function module(id: string, name: string, code: string, imports: Record<string, string> = {}): ModuleFile {
  const format = name.endsWith('.cjs') ? 'commonjs' : name.endsWith('.json') ? 'json' : 'module'
  return { id, url: `file:///nowhere/${name}`, code, format, imports }
}

test('ModuleStore loads modules that are on no disk, each once', async () => {
  store.add([
    module(
      'a',
      'a.ts',
      "import { b } from './b.mjs'; export const a = b; export const url = import.meta.url",
      { 'import ./b.mjs': 'b' },
    ),
    module(
      'b',
      'b.mjs',
      "import c from './c.cjs'; import d from './d.json' with { type: 'json' }; export const b = [c, d]",
      { 'import ./c.cjs': 'c', 'import ./d.json': 'd' },
    ),
    module(
      'c',
      'c.cjs',
      "globalThis.timesLoaded = (globalThis.timesLoaded ?? 0) + 1; module.exports = [__filename, require('./d.json')]",
      { 'require ./d.json': 'd' },
    ),
    module('d', 'd.json', '{ "e": 1 }'),
  ])

  await store.prepare(['a', 'c'])
  await store.prepare(['a', 'b'])

  const { a, url } = store.namespaceOf('a')
  expect(url).toBe('file:///nowhere/a.ts')
  expect(a).toEqual([['/nowhere/c.cjs', { e: 1 }], { e: 1 }])
  expect(store.namespaceOf('c').default).toBe((a as unknown[])[0])
  expect(Reflect.get(globalThis, 'timesLoaded')).toBe(1)
})

test('ModuleStore loads another version of a file as another module', async () => {
  store.add([module('v1', 'v.mjs', 'export const v = 1'), module('v2', 'v.mjs', 'export const v = 2')])

  await store.prepare(['v1', 'v2'])

  expect([store.namespaceOf('v1').v, store.namespaceOf('v2').v]).toEqual([1, 2])
})

test('ModuleStore gives modules the runtime of its thread', async () => {
  const code = "import { myid } from '@dialback/manager'; export const id = myid()"
  store.add([
    module('r1', 'r1.mjs', code, { 'import @dialback/manager': 'runtime' }),
    module('r2', 'r2.cjs', "exports.id = require('@dialback/manager').myid()", {
      'require @dialback/manager': 'runtime',
    }),
    module('r3', 'r3.mjs', code),
  ])

  await store.prepare(['r1', 'r2', 'r3'])

  expect(['r1', 'r2', 'r3'].map((id) => store.namespaceOf(id).id)).toEqual([7, 7, 7])
})

test('ModuleStore waits for modules that await at their top level', async () => {
  store.add([
    module('t', 't.mjs', 'export const t = await new Promise((resolve) => setTimeout(resolve, 5, 1))'),
  ])

  await store.prepare(['t'])

  expect(store.namespaceOf('t').t).toBe(1)
})

test('ModuleStore rejects with what a module throws', async () => {
  store.add([module('x', 'x.mjs', "throw new RangeError('at the top')")])

  await expect(store.prepare(['x'])).rejects.toThrow(new RangeError('at the top'))
})

test('ModuleStore refuses ids that it was not sent', async () => {
  await expect(store.prepare(['unknown'])).rejects.toThrow(ProtocolError)
  expect(() => store.namespaceOf('unknown')).toThrow(ProtocolError)
})

test('ModuleStore takes what is external from where the process runs', async () => {
  store.add([module('e', 'e.mjs', "export { parse } from 'acorn'", { 'import acorn': 'external' })])

  await store.prepare(['e'])

  expect(typeof store.namespaceOf('e').parse).toBe('function')
})

test('ModuleStore reads from the image what it is told is there, and names the first file that differs', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dialback-image-'))
  const inImage = (name: string, text: string): ModuleFile => {
    const url = pathToFileURL(join(folder, name)).href
    const id = contentId(
      url,
      'module',
      withAccessors({ text, format: 'module', analysis: analyzeModule(text) }),
    )
    return { id, url, code: '', isFromImage: true, format: 'module', imports: {} }
  }
  const [same, other, missing] = ['same.ts', 'other.ts', 'missing.ts'].map((name) =>
    inImage(name, 'export const n         = 1'),
  ) as [ModuleFile, ModuleFile, ModuleFile]
  writeFileSync(join(folder, 'same.ts'), 'export const n: number = 1')
  writeFileSync(join(folder, 'other.ts'), 'export const n: number = 2')
  const image = new ModuleStore({ runtimeModule: {} })

  image.add([same])
  await image.prepare([same.id])
  image.add([other, missing])
  const outcome = image.prepare([other.id])
  const lacking = new ModuleStore({ runtimeModule: {} })
  lacking.add([missing])

  expect(image.namespaceOf(same.id).n).toBe(1)
  await expect(outcome).rejects.toThrow(
    `The worker's image has another ${join(folder, 'other.ts')} than the program`,
  )
  await expect(lacking.prepare([missing.id])).rejects.toThrow(
    `The worker's image lacks ${join(folder, 'missing.ts')}, which the program uses`,
  )
  rmSync(folder, { recursive: true })
})

test('ModuleStore has a module when all that it imports has come, also in circles', () => {
  const files = [
    module('top', 'top.mjs', '', {
      'import ./left.mjs': 'left',
      'import x': 'external',
      'import d': 'runtime',
    }),
    module('left', 'left.mjs', '', { 'import ./right.mjs': 'right' }),
    module('right', 'right.mjs', '', { 'import ./left.mjs': 'left' }),
  ]
  for (const file of files) {
    expect(store.has('top')).toBe(false)
    store.add([file])
  }
  expect(['top', 'left', 'right'].map((id) => store.has(id))).toEqual([true, true, true])
})

test('ModuleStore loads what a module imports when it runs not before', async () => {
  store.add([
    module(
      'early',
      'early.cjs',
      "exports.optional = () => { try { return require('./broken.cjs') } catch { return 'none' } }; exports.late = () => import('./late.mjs')",
      { 'require ./broken.cjs': 'broken', 'import ./late.mjs': 'late' },
    ),
    module('broken', 'broken.cjs', "throw new Error('not on this platform')"),
    module('late', 'late.mjs', 'globalThis.isLateLoaded = true; export const n = 1'),
  ])

  await store.prepare(['early'])

  const { optional, late } = store.namespaceOf('early') as Record<string, () => unknown>
  expect(optional?.()).toBe('none')
  expect(Reflect.has(globalThis, 'isLateLoaded')).toBe(false)
  expect(await late?.()).toMatchObject({ n: 1 })
})
