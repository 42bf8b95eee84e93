/** The manager as it is published, which runs with what V8 compiled of it in an earlier process. */

import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { installPublished } from './support/published-package.ts'
import { runScript, type ScriptEnd } from './support/run-script.ts'
import { type TempDir, withTempDir } from './support/temp-dir.ts'

const withoutCache = { NODE_COMPILE_CACHE: undefined, NODE_DISABLE_COMPILE_CACHE: undefined }
let app: TempDir
let dist: string

beforeAll(async () => {
  app = await withTempDir()
  dist = join(await installPublished(app.path), 'dist')
})
beforeEach(() => rmSync(join(dist, 'compile-cache'), { recursive: true, force: true }))
afterAll(async () => await app[Symbol.asyncDispose]())

/** Runs a script that has the published package installed, as a module or as a program of the command line. */
async function run(source: string, env: Readonly<Record<string, string>> = {}): Promise<ScriptEnd> {
  const script = join(app.path, 'main.mjs')
  writeFileSync(script, source)
  return await runScript(script, { cwd: app.path, env: { ...withoutCache, ...env } })
}

function kept(place = join(dist, 'compile-cache')): string[] {
  return globSync(join(place, '*/dialback-*'))
}

const aCall = `import { addProcs, remoteCallFetch } from '@dialback/manager'
const [id] = await addProcs(1)
console.log(await remoteCallFetch((x) => x + 1, id, 41))`

test('the manager keeps its compiled code once a call was answered, and later processes run with it', async () => {
  expect(await run(aCall)).toMatchObject({ code: 0, stdout: '42\n' })
  const first = kept().map((path) => readFileSync(path))
  expect(first).toHaveLength(1)

  expect(await run(aCall)).toMatchObject({ code: 0, stdout: '42\n' })
  expect(kept().map((path) => readFileSync(path))).toEqual(first)
})

test('the manager keeps nothing when no call was answered, or the cache is switched off', async () => {
  expect(await run(`import '@dialback/manager'`)).toMatchObject({ code: 0, stderr: '' })
  expect(await run(aCall, { NODE_DISABLE_COMPILE_CACHE: '1' })).toMatchObject({ code: 0, stdout: '42\n' })

  expect(kept()).toEqual([])
})

test("the manager's compiled code is where Node's is, if that was said", async () => {
  const place = join(app.path, 'said')
  expect(await run(aCall, { NODE_COMPILE_CACHE: place })).toMatchObject({ code: 0, stdout: '42\n' })

  expect(kept()).toEqual([])
  expect(kept(place).length).toBeGreaterThan(0)
})

test('a script that goes on has its compiled code kept before it ends', async () => {
  const { signal } = await run(
    `import { watch } from 'node:fs/promises'
import { getCompileCacheDir } from 'node:module'
import { addProcs, remoteCallFetch } from '@dialback/manager'
const [id] = await addProcs(1, { env: { NODE_DISABLE_COMPILE_CACHE: '1' } })
await remoteCallFetch(() => 1, id)
for await (const { filename } of watch(getCompileCacheDir())) {
  if (/^dialback-[0-9a-f]+$/.test(filename)) process.kill(process.pid, 'SIGKILL')
}`,
    { NODE_COMPILE_CACHE: join(app.path, 'long') },
  )

  expect(signal).toBe('SIGKILL')
})

test('the manager runs without its compiled code when that is damaged, and makes it anew', async () => {
  await run(aCall)
  const [path = ''] = kept()
  const damaged = readFileSync(path).fill(0, 5_000, 9_000)
  writeFileSync(path, damaged)

  expect(await run(aCall)).toMatchObject({ code: 0, stdout: '42\n' })
  expect(readFileSync(path).equals(damaged)).toBe(false)
})

test('the manager runs where its compiled code cannot be kept', async () => {
  // A file where the directory would be: what stops also a process that may write everywhere.
  writeFileSync(join(dist, 'compile-cache'), '')

  expect(await run(aCall)).toMatchObject({ code: 0, stdout: '42\n' })
})

test('import, require and the command line give one and the same package', async () => {
  const script = join(app.path, 'all.mjs')
  writeFileSync(
    script,
    `import { createRequire } from 'node:module'
import * as manager from '@dialback/manager'
const required = createRequire(import.meta.url)('@dialback/manager')
console.log(Object.keys(manager).every((name) => manager[name] === required[name]), manager.workers())
const [id] = await manager.addProcs()
const error = await manager.remoteCallFetch(() => { throw new Error('no') }, id).catch((error) => error)
console.log(id, error instanceof manager.RemoteError, error instanceof manager.DialbackError)
throw error`,
  )
  const { code, stdout, stderr } = await runScript(join(dist, 'lib/cli.js'), {
    args: ['run', '-n', '1', script],
    cwd: app.path,
    env: withoutCache,
  })

  expect(stdout).toBe('true [ 2 ]\n2 true true\n')
  expect(stderr).toContain('Uncaught')
  expect(stderr).not.toContain('dialback.code.js')
  expect(code).toBe(1)
})

test('stacks name the lines of the script, and what nobody catches shows no more than a line of the package', async () => {
  const { stdout, stderr } = await run(`import { addProcs, remoteCallFetch } from '@dialback/manager'
const [id] = await addProcs(1)
const error = await remoteCallFetch(() => { throw new Error('no') }, id).catch((error) => error)
console.log(error.cause.stack)
await addProcs(-1)`)

  expect(stdout).toContain('main.mjs:3:51')
  expect(stderr).toContain('np must be')
  expect(Math.max(...stderr.split('\n').map((line) => line.length))).toBeLessThan(400)
})

test('a refusal to send shows the line of the script that made the call', async () => {
  const { stdout, stderr } = await run(`import { addProcs, pmap, remoteCallFetch } from '@dialback/manager'
const [id] = await addProcs(1)
const error = await pmap((item) => item, [Promise.resolve(1)]).catch((error) => error)
console.log(error.stack)
await remoteCallFetch((given) => given, id, Promise.resolve(1))`)

  expect(stdout.split('\n')[1]).toMatch(/^ +at .*main\.mjs:3:21$/)
  expect(stderr).toMatch(/SerializationError: Cannot send argument 1: Promise\n +at .*main\.mjs:5:7/)
})

test('a RemoteChannel is called that where the package is bundled', async () => {
  const { stdout } = await run(`import { addProcs, RemoteChannel, remoteCallFetch } from '@dialback/manager'
const [id] = await addProcs(1)
const channel = RemoteChannel.create()
console.log(channel, await remoteCallFetch(() => channel.constructor.name, id))`)

  expect(stdout).toBe('RemoteChannel {} RemoteChannel\n')
})

test('what preduce sends of its own is not looked for in the whole of the package', async () => {
  const { stdout } = await run(`import { Session } from 'node:inspector/promises'
import { addProcs, preduce } from '@dialback/manager'
await addProcs(1)
const session = new Session()
session.connect()
await session.post('Profiler.enable')
await session.post('Profiler.startPreciseCoverage', { callCount: true })
console.log(await preduce((n) => n, (a, b) => a + b, [1, 2, 3]))
const { result } = await session.post('Profiler.takePreciseCoverage')
const { functions } = result.find(({ url }) => url.endsWith('dialback.code.js'))
const countOf = (name) => functions.find(({ functionName }) => functionName === name)?.ranges[0].count ?? 0
console.log(countOf('analyzeFunction') > 0, countOf('analyzeModule'))`)

  expect(stdout).toBe('6\ntrue 0\n')
})

test('what looks for source maps in files finds none in the package, where there is none', () => {
  const found = globSync('{lib,agent}/*.js', { cwd: dist }).filter((name) =>
    /[/][/*][#@]\s*sourceMappingURL=\S/.test(readFileSync(join(dist, name), 'utf8')),
  )

  expect(found).toEqual([])
})
