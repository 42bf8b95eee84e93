import type { V1Pod } from '@kubernetes/client-node'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { resolveK8sOptions } from '../src/kubernetes/k8s-options.ts'
import type { KubeApi } from '../src/kubernetes/kube-api.ts'
import { findLaunchPlace } from '../src/kubernetes/launch-place.ts'

beforeEach(() => {
  vi.stubEnv('KUBERNETES_SERVICE_HOST', '10.0.0.1')
  vi.stubEnv('KUBERNETES_SERVICE_PORT', '443')
})

afterEach(() => {
  vi.unstubAllEnvs()
})

/** The image of the workers of a manager whose pod the cluster has put another container into. */
async function imageInPod(labels: Record<string, string>): Promise<string> {
  const pod = {
    metadata: { name: 'census-1', namespace: 'team', uid: 'uid-1', labels },
    spec: {
      containers: [
        { name: 'proxy', image: 'proxy:1' },
        { name: 'manager', image: 'manager:1' },
      ],
    },
    status: { podIP: 'fd00::7' },
  } satisfies V1Pod
  // All that is asked of it.
  const api = { namespace: 'team', getPod: () => Promise.resolve(pod) } as unknown as KubeApi
  return (await findLaunchPlace(api, resolveK8sOptions(1, { managerPodName: 'census-1' }))).image
}

test("findLaunchPlace() takes the image of a submitted script from the script's own container", async () => {
  expect(await imageInPod({ 'app.kubernetes.io/name': 'dialback-submission' })).toBe('manager:1')
})

test('findLaunchPlace() does not guess which of the containers of another pod is the manager', async () => {
  await expect(imageInPod({})).rejects.toThrow('has several containers (proxy, manager); name one')
})
