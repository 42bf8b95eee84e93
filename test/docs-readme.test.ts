/** What README.md shows is what happens. */

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root, runScript } from './support/run-script.ts'
import { withTempDir } from './support/temp-dir.ts'

/** Its blocks of TypeScript, and which of them is the script for `dialback run`. */
async function blocksOf(): Promise<{ first: string; others: string[] }> {
  const text = await readFile(join(root, 'README.md'), 'utf8')
  const blocks = [...text.matchAll(/^```ts\n(.*?)^```/gms)]
    .map(([, code = '']) => code)
    // Which test/kubernetes/readme.test.ts runs.
    .filter((code) => !code.includes('K8sClusterManager'))
  const isFirst = (code: string): boolean => code.includes('console.log(workers())')
  return { first: blocks.find(isFirst) ?? '', others: blocks.filter((code) => !isFirst(code)) }
}

/** What is said behind a line to be its value. */
function valuesOf(code: string): string[] {
  return [...code.matchAll(/^ *(?:await|console\.log).* \/\/ (.*)$/gm)]
    .map(([, value = '']) => value)
    .filter((value) => !/^(done|each)/.test(value))
}

test('README.md has a first script that dialback run takes as it is', async () => {
  await using dir = await withTempDir({ resolvesPackages: true })
  const { first } = await blocksOf()
  await writeFile(join(dir.path, 'first.ts'), first)

  const args = ['run', 'first.ts', '-n', '3']
  const end = await runScript('packages/manager/src/cli/main.ts', { args, cwd: dir.path })

  expect(end).toMatchObject({ code: 0, stdout: '[ 2, 3, 4 ]\n[ 2, 3, 4 ]\n' })
})

test('README.md says the values that its other examples have', async () => {
  await using dir = await withTempDir({ resolvesPackages: true })
  const { others } = await blocksOf()
  const names = 'addProcs, everywhere, pmap, RemoteChannel, remoteCall, remoteCallFetch, remoteDo'
  const program = others.join('').replaceAll(/^import .*\n/gm, '')
  // Where a line is a value, it is printed.
  const printing = program.replaceAll(
    /^await (.*) \/\/ (?!done)(.*)$/gm,
    'console.log(JSON.stringify(await $1)?.replaceAll(",", ", "))',
  )
  await writeFile(join(dir.path, 'all.ts'), `import { ${names} } from '@dialback/manager'\n${printing}`)

  const { code, stdout } = await runScript(join(dir.path, 'all.ts'), { cwd: dir.path })

  const written = valuesOf(program)
  // What the manager itself says, of what it tells all.
  expect(
    stdout
      .trimEnd()
      .split('\n')
      .filter((line) => line !== 'ready'),
  ).toEqual(written)
  expect(written).toContain('WorkerTerminatedError: Worker 3 was terminated due to: Killed (SIGKILL)')
  expect(code).toBe(0)
})
