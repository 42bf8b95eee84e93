/** Modules that NODE_OPTIONS preloads, in workers as well. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runScript } from './support/run-script.ts'
import { withTempDir } from './support/temp-dir.ts'

test('a preloaded module that starts workers does so once, not in each worker again', async () => {
  await using dir = await withTempDir({ resolvesPackages: true })
  const script = join(dir.path, 'main.mjs')
  const setup = join(dir.path, 'setup.mjs')
  await writeFile(script, `console.log(await globalThis.ids)`)
  // What stops it, should it go on without end: each level has one more letter.
  await writeFile(
    setup,
    `import { addProcs } from '@dialback/manager'
process.env.DEPTH = (process.env.DEPTH ?? '') + 'x'
if (process.env.DEPTH.length > 3) throw new Error('too deep')
globalThis.ids = addProcs(1).catch((error) => error.message)`,
  )
  const awaited = join(dir.path, 'awaited.mjs')
  await writeFile(awaited, `await import("./setup.mjs")\nawait globalThis.ids`)
  const careful = join(dir.path, 'careful.mjs')
  await writeFile(careful, `if (!process.env.DIALBACK_STARTING_WORKER) await import('./setup.mjs')`)

  const once = await runScript(script, { env: { NODE_OPTIONS: `--import ${awaited}` } })
  const { stdout } = await runScript(script, { env: { NODE_OPTIONS: `--import ${careful}` } })

  expect(once.stdout).toBe('[ 2 ]\n')
  expect(stdout).toBe('[ 2 ]\n')
})

test('addProcs() in a process that is to be a worker says why it cannot', async () => {
  await using dir = await withTempDir({ resolvesPackages: true })
  const script = join(dir.path, 'main.mjs')
  await writeFile(
    script,
    `import { addProcs, remoteCallFetch } from '@dialback/manager'
const [id] = await addProcs(1)
console.log(await remoteCallFetch(() => process.env.DIALBACK_STARTING_WORKER, id))
process.env.DIALBACK_STARTING_WORKER = 'local-7'
await addProcs(1)`,
  )
  const { stdout, stderr } = await runScript(script)

  expect(stdout).toBe('undefined\n')
  expect(stderr).toContain(
    'LaunchError: Cannot launch workers here: this process is to be worker local-7 itself',
  )
})
