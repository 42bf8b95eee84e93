/** Pods that never join, each for another reason that the cluster gives; what they waited for is told. */

import type { K8sOptions } from '@dialback/manager'
import type { V1EnvVar } from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, type PodCluster, startPodCluster } from './support/pod-cluster.ts'
import { hasCluster } from './support/test-namespace.ts'

/** Adds a variable to the environment of a worker. */
function withEnv(valueFrom: NonNullable<V1EnvVar['valueFrom']>): K8sOptions {
  return {
    configure: (pod) => {
      pod.spec?.containers[0]?.env?.push({ name: 'SETTING', valueFrom })
      return pod
    },
  }
}

describe.skipIf(!hasCluster)('a pod that never joins', { timeout: 90_000 }, () => {
  let started: PodCluster

  beforeAll(async () => {
    started = await startPodCluster()
    const { core, name: namespace } = started.namespace
    await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: 'settings' }, data: { a: '1' } },
    })
  }, 90_000)

  afterAll(async () => {
    await started[Symbol.asyncDispose]()
  }, 60_000)

  test.each<[string, K8sOptions, RegExp]>([
    [
      'a Secret that is not there',
      withEnv({ secretKeyRef: { name: 'absent', key: 'a' } }),
      /CreateContainerConfigError.*secret \\?"absent\\?" not found/s,
    ],
    [
      'a key that is not in its ConfigMap',
      withEnv({ configMapKeyRef: { name: 'settings', key: 'b' } }),
      /CreateContainerConfigError.*couldn't find key b/s,
    ],
    ['an image name that is none', { image: 'Not/A Name' }, /InvalidImageName/],
    [
      'an image that was not brought to the node',
      { image: 'localhost/absent:1', imagePullPolicy: 'IfNotPresent' },
      /ErrImagePull|ImagePullBackOff/,
    ],
    [
      'an image that may not be pulled',
      { image: 'localhost/absent:1', imagePullPolicy: 'Never' },
      /ErrImageNeverPull/,
    ],
  ])('for want of %s ends the wait at once', async (_, options, why) => {
    const before = started.warnings.length
    const startedAt = performance.now()
    expect(await started.cluster.addProcs(started.manager(1, options))).toEqual([])
    expect(performance.now() - startedAt).toBeLessThan(60_000)
    const [warning, ...others] = started.warnings.slice(before)
    expect(warning).toMatch(why)
    expect(others).toEqual([])
    expect(await started.namespace.left()).toEqual([])
  })

  test('because a volume of it is not there is waited for, and then told why, which only an event says', async () => {
    const options: K8sOptions = {
      pendingTimeout: 15,
      minWorkers: 1,
      configure: (pod) => {
        const { spec } = pod
        const [worker] = spec?.containers ?? []
        if (spec === undefined || worker === undefined) throw new Error('There is no container')
        spec.volumes = [{ name: 'data', secret: { secretName: 'absent' } }]
        worker.volumeMounts = [{ name: 'data', mountPath: '/data' }]
        return pod
      },
    }
    const error = await errorOf(started.cluster.addProcs(started.manager(1, options)))
    const why = /FailedMount: MountVolume\.SetUp failed for volume "data" ?: secret "absent" not found/
    expect(error.message).toMatch(why)
    expect(started.log.join('\n')).toMatch(new RegExp(`0 of 1 up; 1 pending: ${why.source}`))
    expect(await started.namespace.left()).toEqual([])
  })

  test('because the registry of its image does not answer is waited for, and then told why', async () => {
    const before = started.warnings.length
    const options: K8sOptions = {
      image: 'localhost:1/absent:1',
      imagePullPolicy: 'IfNotPresent',
      pendingTimeout: 8,
    }
    expect(await started.cluster.addProcs(started.manager(1, options))).toEqual([])
    const [warning, ...others] = started.warnings.slice(before)
    expect(warning).toMatch(/ErrImagePull|ImagePullBackOff/)
    expect(others).toEqual([])
    expect(started.log.join('\n')).toMatch(/pending: (ErrImagePull|ImagePullBackOff)/)
    expect(await started.namespace.left()).toEqual([])
  })
})
