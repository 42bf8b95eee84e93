/** What `dialback manifests rbac --submit` allows is what `dialback submit` needs, and what `dialback doctor --submit` asks for. */

import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { runScript, type ScriptEnd } from '../support/run-script.ts'
import type { Finding } from './support/finding.ts'
import { createQuota } from './support/quota.ts'
import { type ManagerAccount, submitAccount } from './support/service-account.ts'
import { dialback, startSubmit } from './support/submitted.ts'
import { hasCluster, TestNamespace } from './support/test-namespace.ts'

const main = 'packages/manager/src/cli/main.ts'

async function run(
  namespace: TestNamespace,
  account: ManagerAccount,
  ...args: readonly string[]
): Promise<ScriptEnd> {
  const env = { KUBECONFIG: account.path }
  return await runScript(main, { args: [...args, '--namespace', namespace.name], env, timeoutMs: 120_000 })
}

async function findings(namespace: TestNamespace, account: ManagerAccount): Promise<Finding[]> {
  const { stdout } = await run(namespace, account, 'doctor', '--submit', '--json')
  return (JSON.parse(stdout) as { findings: Finding[] }).findings
}

const failedOf = (all: readonly Finding[]): Finding[] => all.filter(({ status }) => status === 'failed')

describe.skipIf(!hasCluster)('dialback manifests rbac --submit', { timeout: 300_000 }, () => {
  test('is all that dialback submit, ps, logs, attach and cancel need', async () => {
    await using namespace = await TestNamespace.create()
    await using account = await submitAccount(namespace)
    const env = { KUBECONFIG: account.path }
    const doctor = await run(namespace, account, 'doctor', '--submit')
    expect(doctor).toMatchObject({ code: 0, stderr: '' })
    const lines = doctor.stdout.trimEnd().split('\n')
    expect(lines.pop()).toBe('Scripts can be submitted there.')
    expect(lines.filter((line) => !line.startsWith('✓ '))).toEqual([])
    expect(lines.filter((line) => line.startsWith('✓ permission '))).toHaveLength(account.rules.length)

    const files = {
      'main.ts':
        "import { pmap } from '@dialback/manager'\nconsole.log(await pmap((n: number) => 2 * n, [1, 2]))",
      'wait.ts': "console.log('begun')\nsetInterval(() => {}, 1_000)",
      // Nothing that becomes smaller, and too large for a ConfigMap.
      'large.bin': randomBytes(1_500_000),
    }
    await using mapped = await startSubmit(files, ['main.ts', '-n', '1'], { own: namespace, env })
    expect(await mapped.running.ended).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('[ 2, 4 ]\n'),
    })

    const args = ['wait.ts', '-n', '0', '--name', 'mine', '--include', 'large.bin', '--detach']
    await using detached = await startSubmit(files, args, { own: namespace, env })
    expect(await detached.running.ended).toMatchObject({ code: 0, stdout: 'mine\n' })
    expect((await run(namespace, account, 'ps')).stdout).toMatch(/mine +Running/)
    expect(await run(namespace, account, 'cancel', 'mine')).toMatchObject({ code: 0 })
    expect(await run(namespace, account, 'attach', 'mine')).toMatchObject({ code: 143 })
  })

  test('is what dialback doctor --submit asks for: it names each permission that is missing', async () => {
    await using namespace = await TestNamespace.create()
    await using account = await submitAccount(namespace)
    for (const rule of account.rules) {
      const resource = [rule.resources?.[0], rule.apiGroups?.[0]].filter(Boolean).join('.')
      await account.without(rule)

      const failed = failedOf(await findings(namespace, account))

      expect(failed).toMatchObject([{ check: 'permission', subject: `${rule.verbs[0]} ${resource}` }])
      expect(failed[0]?.advice).toContain(`"dialback manifests rbac --submit --namespace ${namespace.name}"`)
    }
  })

  test('goes with the account of managers, and dialback doctor --submit says when that is not there', async () => {
    await using namespace = await TestNamespace.create()
    await using account = await submitAccount(namespace)
    const request = { namespace: namespace.name, name: 'dialback-manager' }
    await namespace.core.deleteNamespacedServiceAccount(request)

    const failed = failedOf(await findings(namespace, account))

    expect(failed).toMatchObject([
      {
        check: 'account',
        message: expect.stringContaining(
          'there is no "dialback-manager", and none may be made for each Job: Cannot',
        ),
        advice: `Somebody who may has to make it: dialback manifests rbac --namespace ${namespace.name} | kubectl apply -f -`,
      },
    ])
  })

  test('are not all: dialback doctor --submit says too that the quota lets no pod in, to those who may make pods', async () => {
    await using namespace = await TestNamespace.create()
    await createQuota(namespace, 'small', { 'requests.memory': '100Mi' })

    const { code, stdout } = await dialback(namespace, 'doctor', '--submit', '--json')

    const { findings: all } = JSON.parse(stdout) as { findings: Finding[] }
    expect(code).toBe(1)
    expect(failedOf(all)).toMatchObject([
      { check: 'quota', message: expect.stringContaining('exceeded quota: small') },
    ])
  })
})
