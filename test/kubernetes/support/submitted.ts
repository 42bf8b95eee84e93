/** What users run of `dialback submit`, in a namespace of a test. */

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  type RunningScript,
  type ScriptEnd,
  type ScriptOptions,
  startScript,
} from '../../support/run-script.ts'
import { withTempDir } from '../../support/temp-dir.ts'
import { eventually, TestNamespace } from './test-namespace.ts'

const main = 'packages/manager/src/cli/main.ts'
/** The node has two cores, which are not for these tests alone. */
const small = ['--cpu', '0.1', '--worker-cpu', '0.1', '--worker-memory', '300Mi']

export interface Submitted extends AsyncDisposable {
  readonly running: RunningScript
  readonly namespace: TestNamespace
}

/** Starts `dialback submit NAME …args` among `files`, in a namespace of its own. */
export async function startSubmit(
  files: Readonly<Record<string, string | Buffer>>,
  args: readonly string[],
  { own, ...options }: ScriptOptions & { readonly own?: TestNamespace } = {},
): Promise<Submitted> {
  await using stack = new AsyncDisposableStack()
  const namespace = own ?? stack.use(await TestNamespace.create())
  const dir = stack.use(await withTempDir({ resolvesPackages: true }))
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir.path, name)), { recursive: true })
    await writeFile(join(dir.path, name), content)
  }
  const running = startScript(main, {
    args: ['submit', ...small, '--namespace', namespace.name, ...args],
    cwd: dir.path,
    timeoutMs: 300_000,
    ...options,
  })
  const owned = stack.move()
  return { running, namespace, [Symbol.asyncDispose]: async () => await owned.disposeAsync() }
}

/** Runs another command there, to its end. */
export async function dialback(namespace: TestNamespace, ...args: string[]): Promise<ScriptEnd> {
  return await startDialback(namespace, ...args).ended
}

export function startDialback(namespace: TestNamespace, ...args: string[]): RunningScript {
  return startScript(main, { args: [...args, '--namespace', namespace.name], timeoutMs: 300_000 })
}

/** Waits until nothing of a Job is left. */
export async function nothingIsLeft(namespace: TestNamespace): Promise<void> {
  const names = async (): Promise<string[]> => {
    const request = { namespace: namespace.name }
    const lists = await Promise.all([
      namespace.core.listNamespacedPod(request),
      namespace.core.listNamespacedSecret(request),
      namespace.core.listNamespacedConfigMap(request),
      namespace.core.listNamespacedServiceAccount(request),
      namespace.batch.listNamespacedJob(request),
      namespace.rbac.listNamespacedRole(request),
      namespace.rbac.listNamespacedRoleBinding(request),
    ])
    return lists
      .flatMap(({ items }) => items.map(({ metadata }) => metadata?.name ?? ''))
      .filter((name) => name !== 'kube-root-ca.crt' && name !== 'default')
  }
  await eventually('that nothing is left', async () => (await names()).length === 0)
}
