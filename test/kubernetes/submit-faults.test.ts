/** `dialback submit` where the way to the cluster breaks, the cluster takes a pod away, or its user may not do all. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { describe, expect, test } from 'vitest'
import { type TempDir, withTempDir } from '../support/temp-dir.ts'
import { openApiProxy } from './support/api-proxy.ts'
import { applyManifests } from './support/apply-manifests.ts'
import { dialback, nothingIsLeft, startSubmit } from './support/submitted.ts'
import { hasCluster, managerImage, TestNamespace } from './support/test-namespace.ts'

const hello = `console.log('hello', process.argv[2])`

describe.skipIf(!hasCluster)('dialback submit', { timeout: 600_000 }, () => {
  test('shows each line once and in order, however often the connection breaks', async () => {
    await using proxy = await openApiProxy()
    // Bursts, of which several lines have the same time, and pauses.
    const script = `
import { setTimeout as sleep } from 'node:timers/promises'
for (let n = 0; n < 3_000; n++) {
  console.log('line ' + n)
  if (n % 50 === 0) await sleep(150)
}`
    await using submitted = await startSubmit({ 'main.ts': script }, ['main.ts', '-n', '0'])
    await submitted.running.wrote('line 0\n')
    const { ended } = submitted.running
    let cuts = 0
    // More than it takes to log in and to ask, or it would come to nothing.
    const hasPassed = async (): Promise<boolean> =>
      await Promise.race([proxy.passed(40_000).then(() => true), ended.then(() => false)])
    for (; await hasPassed(); cuts++) proxy.cut()

    const { code, stdout } = await ended
    expect(stdout.trimEnd().split('\n')).toEqual(Array.from({ length: 3_000 }, (_, n) => `line ${n}`))
    expect(code).toBe(0)
    expect(cuts).toBeGreaterThan(1)
  })

  test('runs a script again whose pod the cluster has taken away, without counting that', async () => {
    const script = `
import { setTimeout as sleep } from 'node:timers/promises'
console.log('begun')
await sleep(1e6)`
    await using submitted = await startSubmit({ 'main.ts': script }, ['main.ts', '-n', '0', '--name', 'mine'])
    const { running, namespace } = submitted
    await running.wrote('begun\n')
    const [pod] = await namespace.pods('batch.kubernetes.io/job-name=mine')
    const name = pod?.metadata?.name ?? ''

    await namespace.core.createNamespacedPodEviction({
      namespace: namespace.name,
      name,
      body: { metadata: { name, namespace: namespace.name } },
    })

    await running.wrote(`Pod ${name} is over; the Job runs it again`)
    await running.wrote('begun\nbegun\n')
    await dialback(namespace, 'cancel', 'mine')
    expect((await running.ended).stdout).toBe('begun\nbegun\n')
  })

  test('tells who may not make an account what to ask for, and uses the one that is there', async () => {
    await using namespace = await TestNamespace.create()
    await using editor = await editorOf(namespace)
    const env = { KUBECONFIG: join(editor.path, 'kubeconfig') }
    const args = ['main.ts', '-n', '1', '--ttl', '1s', '--', 'Ann']

    await using refused = await startSubmit({ 'main.ts': hello }, args, { own: namespace, env })
    const { code, stderr } = await refused.running.ended
    expect(code).toBe(1)
    expect(stderr).toContain('error: Cannot give the manager the rights that it needs: Cannot create ')
    expect(stderr).toContain(
      `Ask somebody who may: dialback manifests rbac --namespace ${namespace.name} | kubectl apply -f -\n`,
    )
    await nothingIsLeft(namespace)

    await applyManifests('rbac', '--namespace', namespace.name)
    await using allowed = await startSubmit({ 'main.ts': hello }, args, { own: namespace, env })
    const end = await allowed.running.ended
    expect(end.stdout).toContain('hello Ann\n')
    expect(end.code).toBe(0)
  })

  test('runs a script that is in the image, and bundles nothing', async () => {
    await using namespace = await TestNamespace.create()
    const script = '/node_modules/@dialback/manager/dist/lib/cli.js'
    const args = [
      script,
      '--in-image',
      '--image',
      managerImage,
      '-n',
      '0',
      '--name',
      'mine',
      '--',
      '--version',
    ]
    await using submitted = await startSubmit({}, args, { own: namespace })

    expect(await submitted.running.ended).toMatchObject({ code: 0, stdout: '0.1.0\n' })
    const { items } = await namespace.core.listNamespacedConfigMap({ namespace: namespace.name })
    expect(items.map(({ metadata }) => metadata?.name)).toEqual(['kube-root-ca.crt'])
  })

  test('leaves alone what is not its own', async () => {
    await using namespace = await TestNamespace.create()
    const { batch, core, name } = namespace
    const body = {
      metadata: { name: 'theirs' },
      spec: {
        suspend: true,
        template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: managerImage }] } },
      },
    }
    await batch.createNamespacedJob({ namespace: name, body })
    await core.createNamespacedConfigMap({ namespace: name, body: { metadata: { name: 'mine' } } })

    const cancelled = await dialback(namespace, 'cancel', 'theirs')
    expect(cancelled.code).toBe(1)
    expect(cancelled.stderr).toContain(
      `error: Cannot find a Job "theirs" in namespace "${name}" that dialback submit has made\n"dialback ps" lists those that are there\n`,
    )
    await using submitted = await startSubmit(
      { 'main.ts': hello },
      ['main.ts', '-n', '0', '--name', 'mine'],
      {
        own: namespace,
      },
    )
    expect((await submitted.running.ended).stderr).toContain('configmaps "mine" already exists')
    const { items } = await batch.listNamespacedJob({ namespace: name })
    expect(items.map(({ metadata }) => metadata?.name)).toEqual(['theirs'])
    await core.readNamespacedConfigMap({ namespace: name, name: 'mine' })
  })
})

/** A kubeconfig of somebody with the ClusterRole `edit`, who may make no Roles. */
async function editorOf({ rbac, name: namespace }: TestNamespace): Promise<TempDir> {
  const user = `dialback-test-${namespace}`
  await rbac.createNamespacedRoleBinding({
    namespace,
    body: {
      metadata: { name: 'default' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
    },
  })
  const config = new KubeConfig()
  config.loadFromDefault()
  const exported = JSON.parse(config.exportConfig()) as { users: { user: Record<string, unknown> }[] }
  for (const entry of exported.users) entry.user['as'] = user
  const directory = await withTempDir()
  await writeFile(join(directory.path, 'kubeconfig'), JSON.stringify(exported), { mode: 0o600 })
  return directory
}
