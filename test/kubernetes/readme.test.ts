/** What README.md shows of Kubernetes is what happens. */

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root, runScript } from '../support/run-script.ts'
import { withTempDir } from '../support/temp-dir.ts'
import { hasCluster, TestNamespace } from './support/test-namespace.ts'

describe.skipIf(!hasCluster)('README.md', { timeout: 240_000 }, () => {
  test('has a script that prints why the pod of a worker died', async () => {
    await using namespace = await TestNamespace.create()
    await using dir = await withTempDir({ resolvesPackages: true })
    const text = await readFile(join(root, 'README.md'), 'utf8')
    const [, code = '', printed = ''] =
      /^```ts\n([^`]*K8sClusterManager[^`]*)^```\n+^```\n([^`]*)^```/m.exec(text) ?? []
    // A starved node may take longer.
    const here = `{ namespace: '${namespace.name}', `
    await writeFile(join(dir.path, 'main.ts'), code.replace('3, { ', `3, ${here}`).replace('30 }', '120 }'))

    const { code: exitCode, stdout } = await runScript(join(dir.path, 'main.ts'), {
      cwd: dir.path,
      timeoutMs: 180_000,
    })

    const anyPod = (line: string): string => line.replace(/pod \S+-worker-\w{5} /, 'pod NAME ')
    expect(anyPod(stdout)).toBe(anyPod(printed))
    expect(exitCode).toBe(0)
  })
})
