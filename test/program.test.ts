/** The script itself never runs on a worker, in whatever way it was started. */

import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runScript, type ScriptOptions } from './support/run-script.ts'
import { withTempDir } from './support/temp-dir.ts'

const program = `
import { addProcs, remoteCallFetch } from '@dialback/manager'

if (process.argv.includes('--forget')) process.argv.length = 0
await addProcs(1)
let factor = 3
const times = (n) => n * factor
factor = 4
console.log(await remoteCallFetch(() => times(2), 2))
`

test.each<[way: string, path: string, options: ScriptOptions]>([
  ['by its path', 'app/src/main.js', {}],
  ['by the directory whose package.json names it', 'app', {}],
  ['by its path, which it takes out of process.argv', 'app/src/main.js', { args: ['--forget'] }],
  ['by a launcher that imports it', 'launcher.js', {}],
  ['by a link that stands for itself', 'link.js', { env: { NODE_OPTIONS: '--preserve-symlinks-main' } }],
])('a script that is started %s travels by value', async (_, path, options) => {
  await using directory = await withTempDir({ resolvesPackages: true })
  const src = join(directory.path, 'app/src')
  await mkdir(src, { recursive: true })
  await writeFile(join(src, 'main.js'), program)
  const manifest = { type: 'module', main: 'src/main.js' }
  await writeFile(join(directory.path, 'app/package.json'), JSON.stringify(manifest))
  await writeFile(join(directory.path, 'package.json'), JSON.stringify({ type: 'module' }))
  await writeFile(join(directory.path, 'launcher.js'), "import './app/src/main.js'")
  await symlink('app/src/main.js', join(directory.path, 'link.js'))
  expect(await runScript(join(directory.path, path), options)).toMatchObject({ stdout: '8\n', code: 0 })
})
