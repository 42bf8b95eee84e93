/** What `dialback doctor` says of clusters in which something is wrong, and of those in which nothing is. */

import { AdmissionregistrationV1Api, KubeConfig } from '@kubernetes/client-node'
import { describe, expect, test } from 'vitest'
import { runScript, startScript } from '../support/run-script.ts'
import { applyManifests } from './support/apply-manifests.ts'
import type { Finding } from './support/finding.ts'
import { freePort } from './support/free-port.ts'
import { createQuota } from './support/quota.ts'
import { managerAccount } from './support/service-account.ts'
import {
  ended,
  eventually,
  hasCluster,
  managerImage,
  restricted,
  TestNamespace,
  workerImage,
} from './support/test-namespace.ts'

const main = 'packages/manager/src/cli/main.ts'
const size = ['--cpu', '0.1', '--memory', '200Mi']

interface Report {
  readonly code: number | null
  readonly isOk: boolean
  readonly findings: readonly Finding[]
  /** Those that failed. */
  readonly failed: readonly Finding[]
}

async function doctor(args: readonly string[], env: Record<string, string> = {}): Promise<Report> {
  const end = await runScript(main, { args: ['doctor', '--json', ...size, ...args], env })
  const { isOk, findings } = JSON.parse(end.stdout) as { isOk: boolean; findings: Finding[] }
  expect(end.stderr).toBe('')
  return { code: end.code, isOk, findings, failed: findings.filter(({ status }) => status === 'failed') }
}

describe.skipIf(!hasCluster)('dialback doctor', { timeout: 300_000 }, () => {
  test('finds nothing to put right where all is there, and leaves nothing', async () => {
    await using namespace = await TestNamespace.create()
    await using account = await managerAccount(namespace)
    const args = ['doctor', '--namespace', namespace.name, ...size]

    const end = await runScript(main, { args, env: { KUBECONFIG: account.path } })

    expect(end).toMatchObject({ code: 0, stderr: '' })
    const lines = end.stdout.trimEnd().split('\n')
    expect(lines.pop()).toBe('Workers can run there.')
    expect(lines.filter((line) => !line.startsWith('✓ '))).toEqual([])
    const permissions = lines.filter((line) => line.startsWith('✓ permission '))
    expect(permissions).toHaveLength(account.rules.length)
    expect(end.stdout).toContain(
      '✓ pod security: the namespace enforces "restricted:latest", which workers meet',
    )
    expect(end.stdout).toContain(`✓ image: "${workerImage}" runs, with Node.js v`)
    expect(end.stdout).toContain('✓ tunnel: a worker joined')
    expect(end.stdout).toContain('✓ direct: a worker joined')
    expect(await namespace.left()).toEqual([])
  })

  test('finds nothing to put right in a pod that has the account of the manifest', async () => {
    await using namespace = await TestNamespace.create()
    const { core, name } = namespace
    await applyManifests('rbac', '--namespace', name)
    const spec = restricted(managerImage, ['dialback', 'doctor', ...size])
    spec.serviceAccountName = 'dialback-manager'
    await core.createNamespacedPod({ namespace: name, body: { metadata: { name: 'manager' }, spec } })

    await ended(namespace, 'manager')

    const log = await core.readNamespacedPodLog({ namespace: name, name: 'manager' })
    const lines = log.trimEnd().split('\n')
    expect(lines.pop()).toBe('Workers can run there.')
    expect(lines.filter((line) => !line.startsWith('✓ '))).toEqual([])
    expect(log).toContain(`✓ image: "${managerImage}" runs, with Node.js v`)
    expect(lines.at(-1)).toMatch(/^✓ direct: a worker joined/)
    expect(await namespace.left()).toEqual([])
  })

  test('names each permission that is missing, with the rule that gives it', async () => {
    await using namespace = await TestNamespace.create()
    await using account = await managerAccount(namespace)
    for (const rule of account.rules) {
      const resource = [rule.resources?.[0], rule.apiGroups?.[0]].filter(Boolean).join('.')
      const [verb = ''] = rule.verbs
      await account.without(rule)

      const report = await doctor(['--namespace', namespace.name, '--connection', 'tunnel'], {
        KUBECONFIG: account.path,
      })

      expect(report.failed).toMatchObject([{ check: 'permission', subject: `${verb} ${resource}` }])
      expect(report.failed[0]?.advice).toContain(`resources: [${rule.resources?.[0]}], verbs: [${verb}]}`)
      expect(report).toMatchObject({ code: 1, isOk: false })
      expect(await namespace.left()).toEqual([])
    }
  })

  test('names a quota that leaves no room', async () => {
    await using namespace = await TestNamespace.create()
    await createQuota(namespace, 'small', { 'limits.memory': '100Mi' })

    const report = await doctor(['--namespace', namespace.name])

    expect(report.code).toBe(1)
    expect(report.failed).toMatchObject([{ check: 'quota' }])
    expect(report.failed[0]?.message).toContain('exceeded quota: small, requested: limits.memory=200Mi')
    expect(report.findings.at(-1)).toMatchObject({
      check: 'direct',
      status: 'note',
      message: 'not looked at: quota comes first',
    })
    expect(await namespace.left()).toEqual([])
  })

  test('names a policy that refuses workers', async () => {
    await using namespace = await TestNamespace.create()
    await using _ = await refuseAllPods(namespace)

    const report = await doctor(['--namespace', namespace.name])

    expect(report.code).toBe(1)
    expect(report.failed).toMatchObject([{ check: 'admission' }])
    expect(report.failed[0]?.message).toContain('only on Thursdays')
    expect(report.findings.find(({ check }) => check === 'pod security')).toMatchObject({ status: 'ok' })
    expect(await namespace.left()).toEqual([])
  })

  test('names an image that is not there', async () => {
    await using namespace = await TestNamespace.create()

    const report = await doctor(['--namespace', namespace.name, '--image', 'localhost/dialback-missing:1'])

    expect(report.code).toBe(1)
    expect(report.failed).toMatchObject([{ check: 'image' }])
    expect(report.failed[0]?.message).toMatch(/^"localhost\/dialback-missing:1" does not run there: ErrImage/)
    expect(await namespace.pods()).toEqual([])
  })

  test('names an address at which nobody reaches this process', async () => {
    await using namespace = await TestNamespace.create()
    const args = ['--namespace', namespace.name, '--advertise', `127.0.0.1:${await freePort()}`]

    const report = await doctor([...args, '--timeout', '20s'])

    expect(report.code).toBe(1)
    expect(report.failed).toMatchObject([{ check: 'direct', advice: expect.stringContaining('--advertise') }])
    expect(await namespace.left()).toEqual([])
  })

  test('names a size for which no node has room', async () => {
    await using namespace = await TestNamespace.create()

    const report = await doctor(['--namespace', namespace.name, '--cpu', '1000', '--timeout', '10s'])

    expect(report.code).toBe(1)
    expect(report.failed).toMatchObject([{ check: 'scheduling' }])
    expect(report.failed[0]?.message).toMatch(
      /^no node took a worker of 1k CPU and 200Mi within 10 s: .*Insufficient cpu/,
    )
    expect(await namespace.pods()).toEqual([])
  })

  test('names a namespace that is not there, and a cluster that does not answer', async () => {
    const nowhere = await doctor(['--namespace', 'dialback-test-nowhere'])
    expect(nowhere.failed).toMatchObject([
      {
        check: 'namespace',
        advice: expect.stringContaining('kubectl create namespace dialback-test-nowhere'),
      },
    ])
    expect(nowhere.code).toBe(1)

    const none = await doctor([], { KUBECONFIG: '/nowhere/kubeconfig' })
    expect(none.failed).toMatchObject([
      { check: 'cluster', message: expect.stringContaining('there is no file /nowhere/kubeconfig') },
    ])
    expect(none).toMatchObject({ code: 1, findings: { length: 1 } })
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('removes all when %s ends it', async (signal) => {
    await using namespace = await TestNamespace.create()
    const args = ['doctor', '--namespace', namespace.name, ...size]
    const running = startScript(main, { args })
    await running.wrote('clock:')

    running.kill(signal)

    expect(await running.ended).toMatchObject({ code: signal === 'SIGINT' ? 130 : 143 })
    expect(await namespace.left()).toEqual([])
  })
})

/** By a policy of the cluster, which disposing removes; resolves when it counts. */
async function refuseAllPods({ core, name: namespace }: TestNamespace): Promise<AsyncDisposable> {
  const config = new KubeConfig()
  config.loadFromDefault()
  const api = config.makeApiClient(AdmissionregistrationV1Api)
  const metadata = { name: namespace }
  const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } }
  const pods = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }
  const validations = [{ expression: 'false', message: 'only on Thursdays' }]
  const matchConstraints = { namespaceSelector, resourceRules: [pods] }
  await api.createValidatingAdmissionPolicy({ body: { metadata, spec: { matchConstraints, validations } } })
  const spec = { policyName: namespace, validationActions: ['Deny'] }
  await api.createValidatingAdmissionPolicyBinding({ body: { metadata, spec } })
  const body = { metadata, spec: restricted(workerImage, ['node']) }
  const isRefused = async (): Promise<boolean> =>
    await core.createNamespacedPod({ namespace, body, dryRun: 'All' }).then(
      () => false,
      () => true,
    )
  await eventually('the policy', isRefused)
  return {
    [Symbol.asyncDispose]: async () => {
      await api.deleteValidatingAdmissionPolicyBinding({ name: namespace })
      await api.deleteValidatingAdmissionPolicy({ name: namespace })
    },
  }
}
