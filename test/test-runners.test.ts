/** Tests of users, whose files a runner imports and transforms, and which call functions of theirs on workers. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root, runScript } from './support/run-script.ts'
import { withTempDir } from './support/temp-dir.ts'

const body = `import { addProcs, remoteCallFetch, rmProcs } from '@dialback/manager'
import { times } from './times.ts'

const offset = 10
class Box { constructor(value) { this.value = value } }
const open = (box) => times(box.value) + offset`
const calls = `
  const ids = await addProcs(1)
  const opened = await remoteCallFetch((n) => open(new Box(n)), ids[0], 4)
  const later = await remoteCallFetch(async () => (await import('./times.ts')).times(5), ids[0])
  await rmProcs(ids)
  if (opened !== 18 || later !== 10) throw new Error(\`\${opened} \${later}\`)
`
const times = 'export const times = (n: number): number => n * 2\n'

test('functions of a test file run on workers when the runner, as Mocha does, imports that and gives it globals', async () => {
  await using dir = await withTempDir({ resolvesPackages: true })
  await writeFile(join(dir.path, 'times.ts'), times)
  await writeFile(
    join(dir.path, 'a.test.ts'),
    `${body}\ndescribe('a', () => it('b', async () => {${calls}}))`,
  )
  const runner = join(dir.path, 'runner.mjs')
  await writeFile(
    runner,
    `const tests = []
globalThis.describe = (_, declare) => declare()
globalThis.it = (_, run) => tests.push(run)
await import('./a.test.ts')
for (const run of tests) await run()
console.log(tests.length, 'passed')`,
  )

  expect(await runScript(runner)).toMatchObject({ code: 0, stdout: '1 passed\n' })
})

test('functions of several test files run on workers when node --test runs them in one process', async () => {
  await using dir = await withTempDir({ resolvesPackages: true })
  await writeFile(join(dir.path, 'times.ts'), times)
  const text = `import { test } from 'node:test'\n${body}\ntest('b', async () => {${calls}})`
  const files = ['a.test.mjs', 'b.test.mjs'].map((name) => join(dir.path, name))
  for (const file of files) await writeFile(file, text)
  const runner = join(dir.path, 'runner.mjs')
  await writeFile(
    runner,
    `import { run } from 'node:test'
let passed = 0
const stream = run({ files: ${JSON.stringify(files)}, isolation: 'none' })
stream.on('test:pass', () => passed++)
for await (const { type, data } of stream) if (type === 'test:fail') console.log(String(data.details.error.cause))
console.log(passed, 'passed')`,
  )

  expect(await runScript(runner)).toMatchObject({ code: 0, stdout: '2 passed\n' })
})

test('functions of a test file that another one imports are refused in a message that names the way', async () => {
  await using dir = await withTempDir({ resolvesPackages: true })
  await writeFile(join(dir.path, 'a.test.mjs'), `export let asked = 0\nit('b', () => {})`)
  await writeFile(
    join(dir.path, 'uses.mjs'),
    `import { asked } from './a.test.mjs'\nexport const ask = () => asked`,
  )
  const script = join(dir.path, 'main.mjs')
  await writeFile(
    script,
    `import { addProcs, remoteCallFetch } from '@dialback/manager'
globalThis.it = () => {}
const { ask } = await import('./uses.mjs')
const [id] = await addProcs(1)
console.log(await remoteCallFetch(ask, id).catch((error) => error.message))`,
  )

  expect((await runScript(script)).stdout).toContain(
    'it is a test file, which must not run again: move what is needed into a module of its own',
  )
})

test('functions of a test file that Vitest transformed run on workers, and import there what they import', async () => {
  await using dir = await withTempDir({ resolvesPackages: true })
  await mkdir(join(dir.path, 'test'))
  await writeFile(join(dir.path, 'test/times.ts'), times)
  // What Node does not find in a CommonJS module's source, it has no name for in a namespace.
  await writeFile(
    join(dir.path, 'test/names.cjs'),
    "for (const name of ['one', 'two']) exports[name] = () => name",
  )
  const named = `import names, { one } from './names.cjs'
import * as all from './names.cjs'
const callNames = () => [one(), names.two(), all.one(), all.default.two()].join()`
  const more = `
  const [id] = await addProcs(1)
  const called = await remoteCallFetch(callNames, id)
  if (called !== callNames()) throw new Error(called)
  await rmProcs(id)`
  const text = `import { test } from 'vitest'\n${named}\n${body}\ntest('b', async () => {${calls}${more}})`
  await writeFile(join(dir.path, 'test/a.test.ts'), text)
  await writeFile(
    join(dir.path, 'vitest.config.mjs'),
    `export default { test: { include: ['test/*.test.ts'] } }`,
  )
  const { code, stdout, stderr } = await runScript(join(root, 'node_modules/vitest/vitest.mjs'), {
    args: ['run', '--root', dir.path],
    cwd: dir.path,
  })

  expect(`${stdout}\n${stderr}`).toContain('1 passed')
  expect(code).toBe(0)
})
