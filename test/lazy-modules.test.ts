/** Modules that are imported when a function runs, if it does. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runScript } from './support/run-script.ts'
import { withTempDir } from './support/temp-dir.ts'

const files = {
  'package.cjs': `exports.answer = () => 42
exports.optional = () => { try { return require('./broken.cjs') } catch (error) { return error.message } }
exports.extra = async () => (await import('./extra.mjs')).extra`,
  'broken.cjs': `console.log('broken was loaded'); throw new Error('not on this platform')`,
  'extra.mjs': `console.log('extra was loaded'); export const extra = 'extra'`,
  'own.mjs': `console.log('own was loaded'); export const own = 'own'`,
}

test.each(['{}', "{ code: 'image' }"])(
  'a module is loaded on a worker where it would be here, and not before: addProcs(1, %s)',
  async (options) => {
    await using dir = await withTempDir({ resolvesPackages: true })
    const main = `import { addProcs, remoteCallFetch } from '@dialback/manager'
import { answer, extra, optional } from './package.cjs'
const [id] = await addProcs(1, ${options})
const say = async (fn, ...args) => console.log(await remoteCallFetch(fn, id, ...args))
const own = async (isWanted) => (isWanted ? (await import('./own.mjs')).own : 'not asked for')
await say(answer)
await say(own, false)
await say(() => console.log('now they are'))
await say(own, true)
await say(extra)
await say(optional)`
    for (const [name, text] of Object.entries({ ...files, 'main.mjs': main }))
      await writeFile(join(dir.path, name), text)
    const { code, stdout, stderr } = await runScript(join(dir.path, 'main.mjs'), { cwd: dir.path })

    expect(stdout).toBe('42\nnot asked for\nundefined\nown\nextra\nnot on this platform\n')
    expect(stderr.split('\n').filter((line) => line.startsWith('      From'))).toEqual(
      ['now they are', 'own was loaded', 'extra was loaded', 'broken was loaded'].map(
        (text) => `      From worker 2:\t${text}`,
      ),
    )
    expect(code).toBe(0)
  },
)

test('a module that only a function imports is sent again where the thread was replaced, also by another worker', async () => {
  await using dir = await withTempDir({ resolvesPackages: true })
  const main = `import { existsSync, writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { addProcs, interrupt, remoteCallFetch } from '@dialback/manager'
await addProcs(2)
const own = async () => (await import('./own.mjs')).own
const there = async () => await remoteCallFetch(own, 2)
console.log(await remoteCallFetch(own, 2), await remoteCallFetch(there, 3))
const spin = () => { writeFileSync('spinning', ''); for (;;); }
const spinning = remoteCallFetch(spin, 2).catch((error) => error.cause.name)
while (!existsSync('spinning')) await setTimeout(10)
await interrupt(2)
console.log(await spinning)
console.log(await remoteCallFetch(there, 3), await remoteCallFetch(own, 2))`
  for (const [name, text] of Object.entries({ ...files, 'main.mjs': main }))
    await writeFile(join(dir.path, name), text)
  const { code, stdout } = await runScript(join(dir.path, 'main.mjs'), { cwd: dir.path })

  expect(stdout).toBe('own own\nAbortError\nown own\n')
  expect(code).toBe(0)
})
