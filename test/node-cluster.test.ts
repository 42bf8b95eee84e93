/** Managers in processes of Node's `cluster`, as those of a server that pm2 runs on all cores. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runScript } from './support/run-script.ts'
import { withTempDir } from './support/temp-dir.ts'

test.each(['near', 'by TCP'])(
  'processes of node:cluster have workers of their own (%s), and end',
  async (way) => {
    await using dir = await withTempDir({ resolvesPackages: true })
    const script = join(dir.path, 'main.mjs')
    await writeFile(
      script,
      `import cluster from 'node:cluster'
import { addProcs, LocalManager, pmap } from '@dialback/manager'
const manager = process.pid
if (cluster.isPrimary) {
  for (let i = 0; i < 3; i++) cluster.fork()
  cluster.on('exit', (_, code) => console.log('code', code))
} else {
  const local = new LocalManager(2)
  const byTcp = {
    name: 'tcp', pendingTimeoutMs: local.pendingTimeoutMs, minWorkers: 2,
    launch: async (context) => await local.launch(Object.create(context, { openNear: { value: undefined } })),
  }
  await addProcs(${way === 'near' ? 'local' : 'byTcp'})
  console.log(await pmap(() => process.ppid === manager, [1, 2]))
  cluster.worker.disconnect()
}`,
    )
    const { code, stdout } = await runScript(script)

    expect(stdout.split('\n').toSorted().join('\n').trim()).toBe(
      ['[ true, true ]', '[ true, true ]', '[ true, true ]', 'code 0', 'code 0', 'code 0'].join('\n'),
    )
    expect(code).toBe(0)
  },
)
