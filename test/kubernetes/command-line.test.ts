/** The same script and the same session, with workers that are pods. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { runScript } from '../support/run-script.ts'
import { withTempDir } from '../support/temp-dir.ts'
import { startOnTerminal } from '../support/terminal.ts'
import { freePort } from './support/free-port.ts'
import { hasCluster, reachableAddress, TestNamespace } from './support/test-namespace.ts'

const main = 'packages/manager/src/cli/main.ts'

describe.skipIf(!hasCluster)('dialback --k8s', { timeout: 240_000 }, () => {
  let address = ''
  beforeAll(async () => {
    await using namespace = await TestNamespace.create()
    address = await reachableAddress(namespace)
  }, 90_000)

  const options = async (namespace: TestNamespace): Promise<string[]> => {
    const size = ['--cpu', '0.1', '--memory', '300Mi']
    return ['--k8s', ...size, '--namespace', namespace.name, '--advertise', `${address}:${await freePort()}`]
  }

  test('run gives a script pods, by the command line or by the environment', async () => {
    await using namespace = await TestNamespace.create()
    await using dir = await withTempDir({ resolvesPackages: true })
    const script = join(dir.path, 'script.ts')
    await writeFile(
      script,
      `import { addProcs, pmap } from '@dialback/manager'
      console.log(await addProcs())
      console.log(await pmap((n: number) => [n, process.ppid], [1, 2]))`,
    )
    const env = {
      DIALBACK_K8S: '1',
      DIALBACK_CPU: '100m',
      DIALBACK_MEMORY: '300Mi',
      DIALBACK_NAMESPACE: namespace.name,
      DIALBACK_ADVERTISE: `${address}:${await freePort()}`,
    }

    const args = ['run', script, '-n', '2', ...(await options(namespace))]
    const byCommand = await runScript(main, { args, timeoutMs: 100_000 })
    const byEnvironment = await runScript(script, { env, timeoutMs: 100_000 })

    expect(byCommand).toMatchObject({ code: 0, stdout: '[ 2, 3 ]\n[ [ 1, 0 ], [ 2, 0 ] ]\n' })
    expect(byEnvironment).toMatchObject({ code: 0, stdout: '[ 2 ]\n[ [ 1, 0 ], [ 2, 0 ] ]\n' })
  })

  test('repl gives a session pods, which are gone when it ends', async () => {
    await using namespace = await TestNamespace.create()
    const terminal = startOnTerminal(main, {
      args: ['repl', '-n', '2', ...(await options(namespace))],
      env: { DIALBACK_REPL_HISTORY: '' },
    })
    await terminal.shows('dialback> ')
    terminal.type('await pmap((x: number) => [x, myid(), process.ppid], [1, 2])\r')
    await terminal.shows('[ [ 1, 2, 0 ], [ 2, 3, 0 ] ]\ndialback> ')
    terminal.type('\u0004')

    expect(await terminal.ended).toBe(0)
    expect(await namespace.left()).toEqual([])
  })
})
