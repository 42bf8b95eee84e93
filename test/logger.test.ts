/** Loggers of the user's that throw. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runScript } from './support/run-script.ts'
import { withTempDir } from './support/temp-dir.ts'

test('what a logger throws is caught by nobody, and keeps nothing from being finished', async () => {
  await using dir = await withTempDir({ resolvesPackages: true })
  const script = join(dir.path, 'main.mjs')
  await writeFile(
    script,
    `import { Cluster } from '@dialback/manager'
const uncaught = new Set()
process.on('uncaughtException', ({ message }) => uncaught.add(message))
const fail = (message) => { throw new Error('logger: ' + message) }
const lines = []
const cluster = new Cluster({
  logger: { debug: fail, info: fail, warn: fail, error: fail },
  onWorkerLog: (_, line) => { lines.push(line); throw new Error('line') },
})
const ids = await cluster.addProcs(2)
const value = await cluster.remoteCallFetch(() => { console.log('one\\ntwo'); return 3 }, 2)
while (lines.length < 2) await new Promise((resolve) => setImmediate(resolve))
console.log(value, lines)
const end = await cluster.remoteCallFetch(() => process.exit(4), 3).catch(({ reason }) => reason)
await cluster[Symbol.asyncDispose]()
console.log(ids, end, [...uncaught].toSorted())`,
  )
  const { code, stdout } = await runScript(script)

  expect(stdout).toBe(
    `3 [ 'one', 'two' ]
[ 2, 3 ] Exited [
  'line',
  'logger: Worker 3 was terminated due to: Exited (exit code 4)',
  'logger: local-2 is up',
  'logger: local-3 is up'
]
`,
  )
  expect(code).toBe(0)
})
