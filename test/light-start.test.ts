import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LocalManager } from '@dialback/manager'
import { expect, test } from 'vitest'
import { withTempDir } from './support/temp-dir.ts'
import { startCluster } from './test-cluster.ts'

// Preloaded: tells what its process has loaded by its end.
const teller = `
const { isMainThread } = require('node:worker_threads')
if (isMainThread) process.on('exit', () => require('node:fs').writeFileSync(process.env.LOADED, loaded()))
function loaded() { return process.moduleLoadList.join() }
`

test('a local worker joins, runs a call and ends without loading cryptography in its process or its thread', async () => {
  await using dir = await withTempDir()
  await using started = await startCluster()
  const { cluster, env } = started
  const preload = join(dir.path, 'teller.cjs')
  const told = join(dir.path, 'loaded.txt')
  await writeFile(preload, teller)
  const options = { execArgv: ['--require', preload], env: { ...env, LOADED: told } }
  const [id = 0] = await cluster.addProcs(new LocalManager(1, options))

  const inThread = await cluster.remoteCallFetch(loadedModules, id)
  await cluster.rmProcs(id)
  const inProcess = await readFile(told, 'utf8')

  for (const loaded of [inThread, inProcess]) {
    expect(loaded).toContain('NativeModule net')
    expect(loaded).not.toContain('NativeModule crypto')
  }
})

function loadedModules(): string {
  return (process as unknown as { readonly moduleLoadList: readonly string[] }).moduleLoadList.join()
}
