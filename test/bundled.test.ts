/** Programs that a bundler made one file of, with the published package in it, as they are put into containers. */

import { chmodSync, cpSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BuildOptions, build } from 'esbuild'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { installPublished } from './support/published-package.ts'
import { root, runScript, type ScriptEnd } from './support/run-script.ts'
import { type TempDir, withTempDir } from './support/temp-dir.ts'

const written = `[ 30, 130, 280 ]
10 2
true 4 0
On worker 2: UnknownShape: radius -1
true
0cc1
3
`
const onlyImport = `import '@dialback/manager'`
let app: TempDir
/** Where nothing is installed, and where the program unpacks what it carries. */
let container: TempDir
let temporary: string

beforeAll(async () => {
  app = await withTempDir()
  await installPublished(app.path)
  cpSync(join(root, 'test/fixtures/bundled'), app.path, { recursive: true })
})
beforeEach(async () => {
  container = await withTempDir()
  temporary = join(container.path, 'tmp')
  mkdirSync(temporary)
  return async () => await container[Symbol.asyncDispose]()
})
afterAll(async () => await app[Symbol.asyncDispose]())

/** Bundles a program into one file. `source`: its text, where it is not that of the fixture. */
async function bundle(outfile: string, options: BuildOptions, source?: string): Promise<string> {
  const path = join(container.path, outfile)
  const stdin = { contents: source ?? `import './main.ts'`, resolveDir: app.path }
  const { warnings } = await build({
    stdin,
    bundle: true,
    platform: 'node',
    logLevel: 'silent',
    outfile: path,
    ...options,
  })
  expect(warnings).toEqual([])
  return path
}

/** Without the lines that tell which workers are up. */
async function run(path: string): Promise<ScriptEnd> {
  const end = await runScript(path, { cwd: container.path, env: { TMPDIR: temporary } })
  return { ...end, stderr: end.stderr.replace(/^dialback info: .* is up\n/gm, '') }
}

const unpacked = (): string[] => globSync(join(temporary, 'dialback-*/*'))

test.each([
  ['ECMAScript module', 'main.mjs', { format: 'esm' }],
  ['CommonJS file', 'main.cjs', { format: 'cjs' }],
  ['minified module', 'main.mjs', { format: 'esm', minify: true, keepNames: true }],
  ['module with conditions of its own', 'main.mjs', { format: 'esm', conditions: ['production'] }],
] satisfies [string, string, BuildOptions][])(
  'a program that is one %s runs by itself',
  async (_, outfile, options) => {
    const path = await bundle(outfile, options)

    expect(await run(path)).toMatchObject({ stdout: written, stderr: '', code: 0 })
    expect(unpacked()).toHaveLength(1)
  },
)

test('a bundled program finds what an earlier one has unpacked, and makes it whole again', async () => {
  const path = await bundle(
    'main.mjs',
    { format: 'esm' },
    `import { addProcs, pmap } from '@dialback/manager'
await addProcs(1)
console.log(await pmap((n) => n + 1, [1]))`,
  )
  const expected = { stdout: '[ 2 ]\n', stderr: '', code: 0 }
  expect(await Promise.all([run(path), run(path)])).toMatchObject([expected, expected])
  const first = unpacked()
  for (const file of globSync(join(first[0] ?? '', '**/agent/main.js'))) rmSync(file)

  expect(await run(path)).toMatchObject(expected)
  expect(unpacked()).toEqual(first)
})

test('a bundled program that cannot unpack what it carries says where, and what to do', async () => {
  const path = await bundle('main.mjs', { format: 'esm' }, onlyImport)
  rmSync(temporary, { recursive: true })
  writeFileSync(temporary, '')

  const { code, stderr } = await run(path)
  expect(stderr).toContain(
    `Cannot unpack what @dialback/manager needs, which is bundled with this program, to ${temporary}/`,
  )
  expect(stderr).toContain('set TMPDIR to a directory that can be written')
  expect(code).toBe(1)
})

test('a bundled program runs nothing that others could have put there', async () => {
  const path = await bundle('main.mjs', { format: 'esm' }, onlyImport)
  const shared = join(temporary, `dialback-${process.getuid?.()}`)
  mkdirSync(shared)
  chmodSync(shared, 0o777)

  const { code, stderr } = await run(path)
  expect(stderr).toContain('(others can write there)')
  expect(code).toBe(1)
})

test('a program whose bundler left out what the package needs is told so', async () => {
  const path = await bundle('main.mjs', { format: 'esm', conditions: ['node-addons'] }, onlyImport)

  const { code, stderr } = await run(path)
  expect(stderr).toContain('@dialback/manager was bundled without what it needs, so let it stay external')
  expect(code).toBe(1)
})
