import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runScript } from '../support/run-script.ts'
import { withTempDir } from '../support/temp-dir.ts'

/** Runs `main`, to which the worker is given, in a CommonJS file; gives what it prints as JSON. */
async function run(before: string, main: string): Promise<unknown> {
  await using dir = await withTempDir({ resolvesPackages: true })
  const script = `${before}
const { addProcs, remoteCallFetch } = require('@dialback/manager')
addProcs(1).then(async ([worker]) => console.log(JSON.stringify(await (async () => { ${main} })())))`
  await writeFile(join(dir.path, 'script.cjs'), script)
  await writeFile(join(dir.path, 'module.mjs'), 'export default 1\nexport const named = 2')
  const { stdout, stderr } = await runScript(join(dir.path, 'script.cjs'))
  return JSON.parse(stdout || JSON.stringify(stderr))
}

test("functions of a file with 'use strict' are strict, whatever their form", async () => {
  const forms = `[
    () => (function () { return this === undefined })(),
    { method() { return (function () { return this === undefined })() } }.method,
    (function () { return this === undefined }),
  ].map((fn) => remoteCallFetch(fn, worker))`

  expect(await run("'use strict'", `return await Promise.all(${forms})`)).toEqual([true, true, true])
  expect(await run('', `return await Promise.all(${forms})`)).toEqual([false, false, false])
})

test('functions that sloppy mode takes out of a block are found, and what is nowhere is refused all the same', async () => {
  const main = `
    const hoisted = function () { { function inner() { return 1 } } return inner() }
    const missing = function () { (function () { { function inner() {} } })(); return inner() }
    return [await remoteCallFetch(hoisted, worker), await remoteCallFetch(missing, worker).catch(({ code }) => code)]`

  expect(await run('', main)).toEqual([1, 'SERIALIZATION'])
})

test('a variable that was required is what it holds by now', async () => {
  const before =
    "let join = require('node:path').join; let M = Math; const fn = () => [join('a', 'b'), M.max(1, 2)]"
  const main = `
    const first = await remoteCallFetch(fn, worker)
    join = () => 'mine'
    M = { max: () => 'my maximum' }
    return [first, await remoteCallFetch(fn, worker)]`

  expect(await run(before, main)).toEqual([
    ['a/b', 2],
    ['mine', 'my maximum'],
  ])
})

test('a module that is required says so, as require() has it', async () => {
  const before = "const whole = require('./module.mjs')"

  expect(
    await run(before, 'return await remoteCallFetch(() => [whole.__esModule, whole.named], worker)'),
  ).toEqual([true, 2])
})
