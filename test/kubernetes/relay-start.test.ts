/** The manager is this process, and its relay, which all else waits for, does not start. */

import { K8sClusterManager } from '@dialback/manager'
import { describe, expect, test } from 'vitest'
import { startCluster } from '../test-cluster.ts'
import { createQuota } from './support/quota.ts'
import { eventually, hasCluster, TestNamespace } from './support/test-namespace.ts'
import { tunnelOptions } from './support/tunnel-options.ts'

/** Of a registry that does not answer: it may still come. */
const offline = 'localhost:1/absent:1'

describe.skipIf(!hasCluster)('a relay that does not start', { timeout: 240_000 }, () => {
  test.each([
    ['Never', 'localhost/absent:1', 120, /^warn: worker \S+ ended before it joined: ErrImageNeverPull/],
    [
      'IfNotPresent',
      'localhost/absent:1',
      120,
      /^warn: worker \S+ ended before it joined: (ErrImagePull|ImagePullBackOff) /,
    ],
    [
      'IfNotPresent',
      offline,
      5,
      /^warn: timed out after waiting for worker \S+ to start for 5 seconds, .*ErrImage|BackOff/s,
    ],
  ] as const)(
    'does without workers when their image, and so that of the relay, is not there (imagePullPolicy %s, %s)',
    async (imagePullPolicy, image, pendingTimeout, why) => {
      await using namespace = await TestNamespace.create()
      await using started = await startCluster()
      const { cluster, log } = started

      const ids = await cluster.addProcs(
        new K8sClusterManager(2, tunnelOptions(namespace, { image, imagePullPolicy, pendingTimeout })),
      )

      expect(ids).toEqual([])
      const warnings = log.filter((line) => line.startsWith('warn: '))
      expect(warnings).toEqual([expect.stringMatching(why), expect.stringMatching(why)])
      await eventually('that nothing is left', async () => (await namespace.left()).length === 0)
    },
  )

  test('says what the relay waits for while it is waited for', async () => {
    await using namespace = await TestNamespace.create()
    await using started = await startCluster()
    const stop = new AbortController()
    const manager = new K8sClusterManager(2, tunnelOptions(namespace, { image: offline }))

    const adding = started.cluster.addProcs(manager, { signal: stop.signal })
    const told = await started.logged('ImagePull')
    stop.abort()

    expect(told).toMatch(/^info: 0 of 2 up; 2 pending: (ErrImagePull|ImagePullBackOff): /)
    await expect(adding).rejects.toThrow('aborted')
    expect(await namespace.left()).not.toContainEqual(expect.stringMatching(/-relay-\w{5}$/))
  })

  test('for want of quota, which only an event of its Job says, is waited for and told of', async () => {
    await using namespace = await TestNamespace.create()
    await createQuota(namespace, 'none', { pods: '0' })
    await using started = await startCluster()
    const { cluster, log } = started
    const given = tunnelOptions(namespace, { pendingTimeout: 10, minWorkers: 1 })

    const error = await cluster.addProcs(new K8sClusterManager(1, given)).catch((thrown: unknown) => thrown)

    const why = /FailedCreate: .*pods "\S+-relay-\w{5}-" is forbidden: exceeded quota: none/
    expect(error).toMatchObject({ name: 'LaunchError', message: expect.stringMatching(why) })
    expect(String(error)).toContain('did not join within 10 s: FailedCreate')
    expect(log.filter((line) => line.startsWith('info'))).toEqual([
      expect.stringMatching(new RegExp(`^info: 0 of 1 up; 1 pending: ${why.source}`)),
    ])
    const [warning = '', ...others] = log.filter((line) => line.startsWith('warn'))
    expect(others).toEqual([])
    expect(warning).toMatch(
      /^warn: timed out after waiting for worker \S+ to start for 10 seconds, with status:\n/,
    )
    expect(JSON.parse(warning.slice(warning.indexOf('\n')))).toMatchObject({
      phase: 'Pending',
      reason: 'FailedCreate',
    })
    expect(await namespace.left()).toEqual([])
  })
})
