/** Workers that do not make it: who says why, and that the good ones are of use all the same. */

import { LaunchError } from '@dialback/manager'
import { expect, test } from 'vitest'
import { runScript } from '../support/run-script.ts'
import { startCluster } from '../test-cluster.ts'
import { type Contract, runFirst } from './cluster-manager-contract.ts'
import { allOf } from './joining-contract.ts'

export function failingContract({ makeManager, module, exited, left }: Contract): void {
  test('addProcs() says of a worker that ended before its hello which one it was and how it ended', async () => {
    await using started = await startCluster()
    const { cluster, env } = started
    const broken = { ...env, ...runFirst("console.error('no such config'); process.exit(7)") }

    const error = await failureOf(cluster.addProcs(makeManager(1, { env: broken, minWorkers: 1 })))

    const { failures, message } = error
    expect(failures).toMatchObject([
      { name: expect.any(String), exit: { ...exited(7), logs: ['no such config'] } },
    ])
    expect(message).toContain(failures[0]?.name)
    expect(message).toContain('exit code 7')
    expect(cluster.procs()).toEqual([1])
  })

  test('addProcs() leaves the good workers usable when another one fails', async () => {
    await using started = await startCluster()
    const { cluster, env } = started
    const broken = { ...env, ...runFirst('process.exit(7)') }

    const error = await failureOf(
      cluster.addProcs(
        allOf(
          makeManager(1, { env }),
          makeManager(1, { env: broken }),
          makeManager(1, { env, minWorkers: 1 }),
        ),
      ),
    )

    expect(error.failures).toHaveLength(1)
    expect(cluster.workers()).toEqual([2, 4])
    expect(await Promise.all([2, 4].map((id) => cluster.remoteCallFetch((n: number) => -n, id, id)))).toEqual(
      [-2, -4],
    )
    await expect(cluster.remoteCallFetch(() => 0, 3)).rejects.toMatchObject({
      name: 'WorkerTerminatedError',
      workerId: 3,
    })
  })

  test('addProcs() gives up on a worker that never says hello, and nothing of it is left', async () => {
    await using started = await startCluster()
    const { cluster, env } = started
    const mute = { ...env, ...runFirst('setInterval(() => {}, 1000); await new Promise(() => {})') }

    const error = await failureOf(cluster.addProcs(makeManager(1, { env: mute, timeout: 1, minWorkers: 1 })))

    expect(error.message).toContain(' 1 s')
    expect(error.failures).toHaveLength(1)
    expect(await left(env['DIALBACK_TEST_ID'] ?? '')).toEqual([])
    expect(started.log.filter((line) => line.endsWith('is up'))).toEqual([])
  })

  test('addProcs() lets a worker in that prints junk first', async () => {
    await using started = await startCluster()
    const { cluster, env } = started
    const junk = {
      ...env,
      ...runFirst(
        "process.stdout.write(Buffer.from('ff00fe0d0a1b5b324a0a', 'hex')); console.error('{\"url\":1}')",
      ),
    }

    expect(await cluster.addProcs(makeManager(1, { env: junk }))).toEqual([2])
    expect(await cluster.remoteCallFetch(() => 'fine', 2)).toBe('fine')
  })

  test('a worker that writes without ever ending the line takes no memory of the manager', async () => {
    // In a process of its own: in this one, whatever the tests before have left decides what its memory grows by.
    const { stdout, stderr } = await runScript('test/contract/fixtures/endless-line.ts', { args: [module] })

    const { answer, grownMiB } = JSON.parse(stdout) as Record<string, unknown>
    expect(stderr).not.toContain('terminated')
    expect(answer).toBe('fine')
    expect(grownMiB).toBeLessThan(64)
  })
}

async function failureOf(adding: Promise<unknown>): Promise<LaunchError> {
  const error = await adding.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof LaunchError)) throw new Error(`Expected a LaunchError: ${String(error)}`)
  return error
}
