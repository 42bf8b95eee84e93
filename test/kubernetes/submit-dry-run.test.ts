/** `dialback submit --dry-run | kubectl create -f -`, as the documentation has it. */

import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../support/run-script.ts'
import { withTempDir } from '../support/temp-dir.ts'
import { kubectl, runKubectl } from './support/kubectl.ts'
import { dialback } from './support/submitted.ts'
import { eventually, hasCluster, TestNamespace } from './support/test-namespace.ts'

const script = `
import { pmap } from '@dialback/manager'
console.log(await pmap((n: number) => [process.env['COLOUR'], n * 2], [1, 2]))
process.exit(Number(process.argv[2]))`

const small = '--cpu 0.1 --worker-cpu 0.1 --worker-memory 300Mi'

describe.skipIf(!hasCluster || kubectl === undefined)(
  'dialback submit --dry-run',
  { timeout: 300_000 },
  () => {
    test.each([0, 7])('gives kubectl create a Job that runs and ends with %d', async (code) => {
      await using namespace = await TestNamespace.create()
      await using directory = await withTempDir({ resolvesPackages: true })
      await writeFile(join(directory.path, 'main.ts'), script)
      const args = `--namespace ${namespace.name} --name mine -n 1 --env COLOUR=blue ${small} --dry-run`
      const submit = `"${process.execPath}" "${join(root, 'packages/manager/src/cli/main.ts')}" submit main.ts ${args} -- ${code}`

      const applied = spawnSync('sh', ['-c', `${submit} | "${kubectl}" create -f -`], {
        cwd: directory.path,
        encoding: 'utf8',
      })

      expect(applied.stderr).toBe('')
      expect(applied.stdout.trimEnd().split('\n').toSorted()).toEqual([
        'configmap/mine created',
        'job.batch/mine created',
        'role.rbac.authorization.k8s.io/mine created',
        'rolebinding.rbac.authorization.k8s.io/mine created',
        'serviceaccount/mine created',
      ])
      const attached = await dialback(namespace, 'attach', 'mine')
      const lines = attached.stdout.split('\n').filter((line) => !line.startsWith('dialback info: '))
      expect(lines).toEqual(["[ [ 'blue', 2 ], [ 'blue', 4 ] ]", ''])
      expect(attached.code).toBe(code)
      const condition = code === 0 ? 'Complete' : 'Failed'
      const [name, type] = [
        'jsonpath={.metadata.name}',
        `jsonpath={.status.conditions[?(@.type=="${condition}")].status}`,
      ]
      expect(runKubectl(['get', 'job/mine', '--namespace', namespace.name, '-o', name])).toBe('mine')
      expect(runKubectl(['get', 'job/mine', '--namespace', namespace.name, '-o', type])).toBe('True')
      await eventually('that no worker is left', async () => (await namespace.pods()).length === 1)
    })
  },
)
