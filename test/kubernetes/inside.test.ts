/** The manager is a pod of the cluster, as in an interactive session. */

import { describe, expect, test } from 'vitest'
import { applyManifests } from './support/apply-manifests.ts'
import { startManagerJob } from './support/manager-job.ts'
import { eventually, hasCluster, managerImage, TestNamespace } from './support/test-namespace.ts'

const session = `
import { addProcs, everywhere, K8sClusterManager, isK8s, myid, nworkers, pmap, remoteCallFetch, rmProcs, workers } from '@dialback/manager'
const tell = (what: string, value: unknown) => console.log(what + ' ' + JSON.stringify(value))
tell('isK8s', isK8s())
tell('added', await addProcs(new K8sClusterManager(3, { cpu: 0.1, memory: '300Mi', pendingTimeout: 120 })))
tell('mapped', (await pmap(() => myid(), Array.from({ length: nworkers() }).keys())).length)
tell('1Pi', await addProcs(new K8sClusterManager(1, { cpu: 0.1, memory: '1Pi', pendingTimeout: 10 })))
await everywhere({ oom: () => { const all: Buffer[] = []; for (;;) all.push(Buffer.alloc(16e6, 1)) } })
declare const oom: () => void
try {
  await remoteCallFetch(() => oom(), workers().at(-1) ?? 0)
} catch (error) {
  const { message, reason, exitCode, pod, blame } = error as Record<string, unknown>
  tell('oom', { message, reason, exitCode, pod, blame })
}
tell('left', workers())
tell('alive', await pmap((n: number) => n * 2, [1, 2, 3]))
console.log('ready')
setInterval(() => {}, 1_000)
`

describe.skipIf(!hasCluster)('a manager inside the cluster', () => {
  test('runs the session of the documentation, and what it made goes with its pod', {
    timeout: 400_000,
  }, async () => {
    await using namespace = await TestNamespace.create()
    const manager = await startManagerJob(namespace, session)
    await manager.wrote('ready')
    const log = await manager.log()
    const told = Object.fromEntries(
      [...log.matchAll(/^(\w+) ([[{"\w].*)$/gm)].flatMap(([, what = '', json = '']) => parse(what, json)),
    )

    expect(told).toMatchObject({
      isK8s: true,
      added: [2, 3, 4],
      mapped: 3,
      '1Pi': [],
      oom: {
        message: expect.stringMatching(
          /^Worker 4 on pod \S+-worker-\w{5} was terminated due to: OOMKilled \(exit code 137, memory limit 300Mi\)$/,
        ),
        reason: 'OOMKilled',
        exitCode: 137,
        blame: 'item',
        pod: { namespace: namespace.name },
      },
      left: [2, 3],
      alive: [2, 4, 6],
    })
    const name = (message: string): RegExp => new RegExp(`${manager.pod}-worker-\\w{5}${message}`)
    expect(log.match(new RegExp(`${manager.pod}-worker-\\w{5} is up`, 'g'))).toHaveLength(3)
    expect(log).toMatch(name(' was terminated due to: OOMKilled'))
    expect(log).toMatch(/timed out after waiting for worker \S+ to start for 10 seconds, with status:\n\{\n/)
    expect(log).toContain('"reason": "Unschedulable"')
    expect(log).toContain('0/1 nodes are available')
    const pods = await namespace.pods('app.kubernetes.io/managed-by=dialback')
    expect(pods.map(({ metadata }) => metadata?.labels?.['worker-id']).toSorted()).toEqual(['2', '3'])
    expect(pods.map(({ spec }) => spec?.containers[0]?.image)).toEqual([managerImage, managerImage])

    await namespace.batch.deleteNamespacedJob({
      namespace: namespace.name,
      name: 'session',
      body: { propagationPolicy: 'Background', gracePeriodSeconds: 0 },
    })
    await eventually('that nothing is left', async () => (await namespace.left()).length === 0)
  })

  test('whose script is done ends with code 0, and removes what it made', { timeout: 400_000 }, async () => {
    await using namespace = await TestNamespace.create()
    const manager = await startManagerJob(
      namespace,
      `
import { addProcs, K8sClusterManager, remoteCallFetch } from '@dialback/manager'
await addProcs(new K8sClusterManager(1, { cpu: 0.1, memory: '300Mi' }))
console.log(await remoteCallFetch(() => 'it answered', 2))
`,
    )

    const { exitCode, log } = await manager.ended()

    expect(log).toContain('it answered')
    expect(log).not.toContain('warning')
    expect(exitCode).toBe(0)
    expect(await namespace.left()).toEqual([])
  })

  test('that is killed leaves workers that end by themselves, and nothing once its pod is gone', {
    timeout: 400_000,
  }, async () => {
    await using namespace = await TestNamespace.create()
    const manager = await startManagerJob(
      namespace,
      `
import { addProcs, K8sClusterManager } from '@dialback/manager'
await addProcs(new K8sClusterManager(2, { cpu: 0.1, memory: '300Mi' }))
// As process 1 it cannot be killed from here by a signal.
process.abort()
`,
    )

    const { exitCode } = await manager.ended()
    expect(exitCode).not.toBe(0)
    await eventually('the end of the workers', async () => {
      const pods = await namespace.pods('app.kubernetes.io/component=worker')
      return pods.every(({ status }) => status?.phase === 'Failed' || status?.phase === 'Succeeded')
    })

    await namespace.core.deleteNamespacedPod({ namespace: namespace.name, name: manager.pod })
    await eventually('that nothing is left', async () => (await namespace.left()).length === 0)
  })

  test('that is killed leaves nothing in another namespace', { timeout: 400_000 }, async () => {
    await using namespace = await TestNamespace.create()
    await using other = await TestNamespace.create()
    await applyManifests('rbac', '--namespace', other.name)
    await other.rbac.createNamespacedRoleBinding({
      namespace: other.name,
      body: {
        metadata: { name: 'manager-elsewhere' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'dialback-manager' },
        subjects: [{ kind: 'ServiceAccount', name: 'manager', namespace: namespace.name }],
      },
    })
    const manager = await startManagerJob(
      namespace,
      `
import { addProcs, K8sClusterManager, remoteCallFetch } from '@dialback/manager'
const options = { namespace: '${other.name}', cpu: 0.1, memory: '300Mi' }
const [id] = await addProcs(new K8sClusterManager(1, options))
console.log(await remoteCallFetch(() => 'it answered', id))
// As process 1 it cannot be killed from here by a signal.
process.abort()
`,
    )

    expect((await manager.ended()).log).toContain('it answered')
    expect(await other.left()).not.toEqual([])
    await eventually('that nothing is left', async () => (await other.left()).length === 0)
  })
})

function parse(what: string, json: string): [string, unknown][] {
  try {
    return [[what, JSON.parse(json)]]
  } catch {
    // Another line of the log.
    return []
  }
}
