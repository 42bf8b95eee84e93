/** What `dialback submit` and its companions say and leave when they end before the script does. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runScript } from '../support/run-script.ts'
import { withTempDir } from '../support/temp-dir.ts'
import { dialback, nothingIsLeft, startDialback, startSubmit } from './support/submitted.ts'
import { eventually, hasCluster, TestNamespace } from './support/test-namespace.ts'

const endless = "console.log('it runs')\nsetInterval(() => {}, 1e6)"

describe.skipIf(!hasCluster)('dialback submit', { timeout: 240_000 }, () => {
  test('that is sent SIGTERM or whose terminal is closed leaves its Job running, and says how to come back', async () => {
    await using submitted = await startSubmit({ 'main.ts': endless }, [
      'main.ts',
      '-n',
      '0',
      '--name',
      'long',
    ])
    const { namespace, running } = submitted
    await running.wrote('it runs')
    running.kill('SIGTERM')
    const comeBack = `Job long goes on running; dialback attach long --namespace ${namespace.name} comes back to it`
    expect(await running.ended).toMatchObject({ code: 143, stderr: expect.stringContaining(comeBack) })

    const attached = startDialback(namespace, 'attach', 'long')
    await attached.wrote('it runs')
    attached.kill('SIGHUP')
    expect(await attached.ended).toMatchObject({ code: 129, stderr: expect.stringContaining(comeBack) })

    expect((await dialback(namespace, 'ps')).stdout).toMatch(/^long +Running/m)
    expect(await dialback(namespace, 'cancel', 'long')).toMatchObject({ code: 0 })
    expect(await dialback(namespace, 'logs', 'long')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'dialback: There is no log: it has gone with its pod, or there never was one\n',
    })
    const again = await startSubmit({ 'main.ts': '' }, ['main.ts', '--name', 'long'], { own: namespace })
    expect(await again.running.ended).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        `Give another --name, or remove that one: kubectl delete jobs.batch long --namespace ${namespace.name}`,
      ),
    })
    await again[Symbol.asyncDispose]()
  })

  test('that is sent SIGTERM while it makes its Job leaves nothing, or a Job that runs', async () => {
    await using namespace = await TestNamespace.create()
    for (const [index, signal] of (['SIGTERM', 'SIGHUP', 'SIGTERM', 'SIGHUP'] as const).entries()) {
      const name = `made-${index}`
      await using submitted = await startSubmit({ 'main.ts': '' }, ['main.ts', '-n', '0', '--name', name], {
        own: namespace,
      })
      const { running } = submitted
      const isThere = async (): Promise<boolean> =>
        await namespace.batch.readNamespacedJob({ namespace: namespace.name, name }).then(
          () => true,
          () => false,
        )
      while (!(await isThere()));
      running.kill(signal)
      const { code, stderr } = await running.ended
      // It may have been quicker.
      const isDone = stderr.includes(`Job ${name} in namespace`)
      expect({ code, isDone }).toEqual({ code: signal === 'SIGTERM' ? 143 : 129, isDone })
      const job = await namespace.batch
        .readNamespacedJob({ namespace: namespace.name, name })
        .catch(() => undefined)
      expect(job?.metadata?.deletionTimestamp ?? job?.spec?.suspend ?? false).toBe(false)
      expect(job !== undefined).toBe(isDone)
      if (isDone) await dialback(namespace, 'cancel', name)
      await namespace.batch
        .deleteNamespacedJob({ namespace: namespace.name, name, propagationPolicy: 'Background' })
        .catch(() => {})
    }
    await nothingIsLeft(namespace)
  })

  test('that was cancelled has no workers any more when dialback cancel ends', async () => {
    await using submitted = await startSubmit({ 'main.ts': endless }, [
      'main.ts',
      '-n',
      '1',
      '--name',
      'busy',
      '--detach',
    ])
    const { namespace } = submitted
    await submitted.running.ended
    const runs = async (): Promise<boolean> =>
      (await dialback(namespace, 'logs', 'busy')).stdout.includes('it runs')
    await eventually('the script', runs, 60_000)

    expect(await dialback(namespace, 'cancel', 'busy')).toMatchObject({ code: 0 })

    expect(await namespace.pods('app.kubernetes.io/component=worker')).toEqual([])
  })

  test('that never gets a pod is told of by ps and logs too', async () => {
    const args = ['main.ts', '--name', 'nobody', '--service-account', 'nobody', '--detach']
    await using submitted = await startSubmit({ 'main.ts': '' }, args)
    const { namespace } = submitted
    await submitted.running.ended
    const why = async (): Promise<boolean> =>
      /^nobody +Waiting .* pods "nobody-" is forbidden: .*serviceaccount "nobody" not found$/m.test(
        (await dialback(namespace, 'ps')).stdout,
      )

    await eventually('the reason', why)

    expect((await dialback(namespace, 'logs', 'nobody')).stderr).toBe(
      'dialback: There is no log yet: it has no pod\n',
    )
    await dialback(namespace, 'cancel', 'nobody')
  })

  test('takes a script that no package.json is above', async () => {
    await using namespace = await TestNamespace.create()
    await using dir = await withTempDir()
    await mkdir(join(dir.path, 'lib'))
    await writeFile(join(dir.path, 'lib/one.ts'), 'export const one: number = 1')
    await writeFile(
      join(dir.path, 'main.ts'),
      "import { nworkers } from '@dialback/manager'\nimport { one } from './lib/one.ts'\nconsole.log(nworkers(), one)",
    )
    const args = [
      'submit',
      join(dir.path, 'main.ts'),
      '-n',
      '0',
      '--cpu',
      '0.1',
      '--namespace',
      namespace.name,
    ]

    const end = await runScript('packages/manager/src/cli/main.ts', { args, timeoutMs: 120_000 })

    expect(end).toMatchObject({ code: 0, stdout: '1 1\n' })
  })
})
