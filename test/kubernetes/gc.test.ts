/** What `dialback gc` finds and removes. */

import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { root, startScript } from '../support/run-script.ts'
import { withTempDir } from '../support/temp-dir.ts'
import { nothingIsLeft, startSubmit } from './support/submitted.ts'
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

describe.skipIf(!hasCluster)('dialback gc', { timeout: 240_000 }, () => {
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

  test('removes the Job of a dialback submit that was killed while it made it, once nobody can be making it', async () => {
    await using namespace = await TestNamespace.create()
    const { batch, name } = namespace
    const job = await halfMade(namespace)
    expect(await gc('--namespace', name)).toBe(`Nothing is left behind in namespace ${name}.\n`)
    const [unfinished] = (await batch.listNamespacedJob({ namespace: name })).items
    expect(unfinished).toMatchObject({ metadata: { name: job }, spec: { suspend: true } })
    expect(Date.parse(unfinished?.metadata?.annotations?.[unfinishedUntil] ?? '')).toBeGreaterThan(Date.now())

    // Its time is over, as it is ten minutes later.
    const body = structuredClone(unfinished)
    if (body?.metadata?.annotations === undefined) throw new Error('The Job has lost its annotations')
    body.metadata.annotations[unfinishedUntil] = new Date().toISOString()
    await batch.replaceNamespacedJob({ namespace: name, name: job, body })

    expect(await gc('--namespace', name)).toContain('dialback submit was ended while it was making it\n')
    await nothingIsLeft(namespace)
  })

  test('removes the relay of a killed manager that never started, once no manager waits for it', async () => {
    await using namespace = await TestNamespace.create()
    const { batch, name } = namespace
    await using dir = await withTempDir()
    await writeFile(join(dir.path, 'noop.ts'), '')
    const args = [
      'run',
      join(dir.path, 'noop.ts'),
      '--k8s',
      '--namespace',
      name,
      '--image',
      // Of a registry that does not answer: it may still come.
      'localhost:1/absent:1',
    ]
    const running = startScript('packages/manager/src/cli/main.ts', { args })
    await running.wrote('0 of 1 up; 1 pending')
    running.kill('SIGKILL')
    await running.ended
    expect(await gc('--namespace', name)).toBe(`Nothing is left behind in namespace ${name}.\n`)

    const [job] = (await batch.listNamespacedJob({ namespace: name })).items
    const until = job?.metadata?.annotations?.[startsUntil] ?? ''
    expect(Date.parse(until)).toBeGreaterThan(Date.now() + 180_000)
    // Its time is over, as it is later.
    const body = structuredClone(job)
    if (body?.metadata?.annotations === undefined) throw new Error('The Job has lost its annotations')
    body.metadata.annotations[startsUntil] = new Date().toISOString()
    await batch.replaceNamespacedJob({ namespace: name, name: body.metadata.name ?? '', body })

    expect(await gc('--namespace', name)).toContain('its relay never started\n')
    await nothingIsLeft(namespace)
  })
})

const startsUntil = 'dialback.dev/starts-until'
const unfinishedUntil = 'dialback.dev/unfinished-until'

/** Kills `dialback submit` while its Job waits for the rest, which takes some tries: it waits for a moment only. */
async function halfMade(namespace: TestNamespace): Promise<string> {
  for (let count = 0; ; count++) {
    const job = `killed-${count}`
    await using submitted = await startSubmit({ 'main.ts': '' }, ['main.ts', '-n', '0', '--name', job], {
      own: namespace,
    })
    const read = async () => await namespace.batch.readNamespacedJob({ namespace: namespace.name, name: job })
    const isThere = async (): Promise<boolean> =>
      await read().then(
        () => true,
        () => false,
      )
    const hasEnded = submitted.running.ended.then(() => true)
    while (!(await isThere()) && !(await Promise.race([hasEnded, false])));
    submitted.running.kill('SIGKILL')
    await submitted.running.ended
    if ((await read()).spec?.suspend === true) return job
    await namespace.batch.deleteNamespacedJob({
      namespace: namespace.name,
      name: job,
      propagationPolicy: 'Background',
    })
  }
}

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
