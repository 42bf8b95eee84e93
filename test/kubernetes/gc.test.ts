/** What `dialback gc` finds and removes. */

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { root } from '../support/run-script.ts'
import { ended, hasCluster, restricted, TestNamespace, workerImage } from './support/test-namespace.ts'

const labels = {
  'app.kubernetes.io/component': 'worker',
  'app.kubernetes.io/managed-by': 'dialback',
  'dialback.dev/session': 'of-a-dead-manager',
}

async function gc(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(root, 'packages/manager/src/cli/main.ts'),
    'gc',
    ...args,
  ])
  return stdout
}

describe.skipIf(!hasCluster)('dialback gc', { timeout: 120_000 }, () => {
  test('lists and removes what a dead manager left, and leaves alone what belongs to a living one', async () => {
    await using namespace = await TestNamespace.create()
    const { core, name } = namespace
    const owner = await podNamed(namespace, 'manager', ['node', '-e', 'setInterval(() => {}, 1e6)'])
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name: 'manager', uid: owner }]
    await podNamed(namespace, 'left', ['node', '-e', '0'], { labels })
    await podNamed(namespace, 'owned', ['node', '-e', '0'], { labels, ownerReferences })
    const secret = { metadata: { name: 'owned', labels, ownerReferences } }
    await core.createNamespacedSecret({ namespace: name, body: secret })
    await Promise.all([ended(namespace, 'left'), ended(namespace, 'owned')])

    const listed = JSON.parse(await gc('--namespace', name, '--dry-run', '--json')) as unknown
    expect(listed).toMatchObject({
      isRemoved: false,
      leftovers: [{ kind: 'Pod', namespace: name, name: 'left', why: 'it has ended, and nothing owns it' }],
    })
    expect(await namespace.left()).toEqual(['left', 'owned', 'owned'])

    expect(await gc('--namespace', name)).toMatch(
      /^Pod {4}left {2}\S+ {2}it has ended, and nothing owns it\n1 object removed\.\n$/,
    )
    expect(await namespace.left()).toEqual(['owned', 'owned'])
    expect(await gc('--namespace', name)).toBe(`Nothing is left behind in namespace ${name}.\n`)
    const everywhere = JSON.parse(await gc('--all-namespaces', '--dry-run', '--json')) as {
      leftovers: { namespace: string }[]
    }
    expect(everywhere.leftovers.filter((one) => one.namespace === name)).toEqual([])
  })
})

async function podNamed(
  { core, name: namespace }: TestNamespace,
  name: string,
  command: string[],
  metadata: object = {},
): Promise<string> {
  const body = { metadata: { ...metadata, name }, spec: restricted(workerImage, command) }
  const pod = await core.createNamespacedPod({ namespace, body })
  return pod.metadata?.uid ?? ''
}
