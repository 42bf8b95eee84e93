/** Managers that may not do all that they should like to: what cannot be done is said, and the rest works. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KubeConfig, type V1PolicyRule } from '@kubernetes/client-node'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { errorOf, type PodCluster, startPodCluster } from './support/pod-cluster.ts'
import { hasCluster } from './support/test-namespace.ts'

const secrets: V1PolicyRule = { apiGroups: [''], resources: ['secrets'], verbs: ['create', 'delete'] }

function pods(...verbs: string[]): V1PolicyRule {
  return { apiGroups: [''], resources: ['pods'], verbs }
}

describe.skipIf(!hasCluster)('a manager with few rights', { timeout: 120_000 }, () => {
  let started: PodCluster
  let directory: string

  beforeEach(async () => {
    started = await startPodCluster()
    directory = await mkdtemp(join(tmpdir(), 'few-rights-'))
  }, 90_000)

  afterEach(async () => {
    vi.unstubAllEnvs()
    await started[Symbol.asyncDispose]()
    await rm(directory, { recursive: true })
  }, 60_000)

  /** From here on this process is somebody who may do only that. */
  async function become(...rules: V1PolicyRule[]): Promise<void> {
    const { rbac, name: namespace } = started.namespace
    const user = `dialback-test-${namespace}`
    const metadata = { name: 'few-rights' }
    await rbac.createNamespacedRole({ namespace, body: { metadata, rules } })
    await rbac.createNamespacedRoleBinding({
      namespace,
      body: {
        metadata,
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'few-rights' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
      },
    })
    const config = new KubeConfig()
    config.loadFromDefault()
    const path = join(directory, 'config')
    const exported = JSON.parse(config.exportConfig()) as { users: { user: Record<string, unknown> }[] }
    for (const entry of exported.users) entry.user['as'] = user
    await writeFile(path, JSON.stringify(exported))
    vi.stubEnv('KUBECONFIG', path)
    expect(await readFile(path, 'utf8')).toContain(user)
  }

  test('who may not create pods is told which verb is missing, and where', async () => {
    await become(pods('get', 'list', 'watch', 'delete', 'patch'), secrets)
    const error = await errorOf(started.cluster.addProcs(started.manager(2)))
    expect(error).toMatchObject({ name: 'LaunchError', code: 'LAUNCH' })
    const { name } = started.namespace
    expect(error.message).toContain(`a Role in namespace "${name}" has to allow the verb "create" on "pods"`)
    vi.unstubAllEnvs()
    expect(await started.namespace.left()).toEqual([])
  })

  test('who may not list, watch or read logs is told once, and learns why a worker died', async () => {
    await become(pods('create', 'get', 'delete'), secrets)
    const ids = await started.cluster.addProcs(started.manager(2))
    expect(ids).toHaveLength(2)
    const error = await errorOf(started.cluster.remoteCallFetch(() => process.exit(3), ids[0] ?? 0))
    expect(error).toMatchObject({ reason: 'Error', exitCode: 3 })
    expect(await started.cluster.remoteCallFetch(() => 'alive', ids[1] ?? 0)).toBe('alive')
    expect(started.warnings.map((warning) => warning.replace(/:? Cannot .*/, ''))).toEqual([
      // For want of the right to make the Job that would.
      'warn: Nothing removes the workers if this process is killed',
      'warn: Pods are asked for one by one, which is slower',
      'warn: What workers write is not shown',
      `warn: ${error.message}`,
    ])
    await started.cluster.rmProcs(ids)
    vi.unstubAllEnvs()
    expect(await started.namespace.left()).toEqual([])
  })
})
