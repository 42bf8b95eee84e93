/** What a namespace may have at most. */

import { eventually, restricted, type TestNamespace, workerImage } from './test-namespace.ts'

/** Makes a quota, of pods or of their memory, and waits until pods are refused by it: the cluster counts a little later. */
export async function createQuota(
  { core, name: namespace }: TestNamespace,
  name: string,
  hard: Record<string, string>,
): Promise<void> {
  await core.createNamespacedResourceQuota({ namespace, body: { metadata: { name }, spec: { hard } } })
  const spec = restricted(workerImage, ['node'])
  for (const container of spec.containers) {
    container.resources = { requests: { memory: '1Pi' }, limits: { memory: '1Pi' } }
  }
  const body = { metadata: { name: 'too-large' }, spec }
  await eventually(
    `the quota "${name}"`,
    async () =>
      await core.createNamespacedPod({ namespace, body, dryRun: 'All' }).then(
        () => false,
        (error: unknown) => String(error).includes(`exceeded quota: ${name}`),
      ),
  )
}
