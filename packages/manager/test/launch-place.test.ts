import type { V1Pod } from '@kubernetes/client-node'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type K8sOptions, resolveK8sOptions } from '../src/kubernetes/k8s-options.ts'
import type { KubeApi } from '../src/kubernetes/kube-api.ts'
import { refusal } from '../src/kubernetes/kube-error.ts'
import { findLaunchPlace, isInside, type LaunchPlace } from '../src/kubernetes/launch-place.ts'

const options = resolveK8sOptions(1, {})
const ownServer = 'https://10.0.0.1:443'

// As a pod has it.
beforeEach(() => {
  vi.stubEnv('KUBERNETES_SERVICE_HOST', '10.0.0.1')
  vi.stubEnv('KUBERNETES_SERVICE_PORT', '443')
  vi.stubEnv('HOSTNAME', 'census-1')
})

afterEach(() => {
  vi.unstubAllEnvs()
})

function apiAt(server: string, getPod: () => Promise<V1Pod>): KubeApi {
  // All that is asked of it.
  return { context: { server }, namespace: 'team', getPod } as unknown as KubeApi
}

/** The pod of a manager, into which the cluster has put another container. */
function managerPod(labels: Record<string, string>): V1Pod {
  const containers = ['proxy', 'manager'].map((name) => ({ name, image: `${name}:1` }))
  const metadata = { name: 'census-1', namespace: 'team', uid: 'uid-1', labels }
  return { metadata, spec: { containers }, status: { podIP: 'fd00::7' } }
}

test("findLaunchPlace() takes the image of a submitted script from the script's own container", async () => {
  const pod = managerPod({ 'app.kubernetes.io/name': 'dialback-submission' })
  const place = await findLaunchPlace(
    apiAt(ownServer, async () => pod),
    options,
  )
  expect(place).toMatchObject({ image: 'manager:1', prefix: 'census-1-worker', ownPod: pod })
})

test('findLaunchPlace() does not guess which of the containers of another pod is the manager', async () => {
  const api = apiAt(ownServer, async () => managerPod({}))
  await expect(findLaunchPlace(api, options)).rejects.toThrow(
    'has several containers (proxy, manager); name one',
  )
})

/** The pod of a manager, alone in it, whose image is not everyone's to pull. */
const privatePod: V1Pod = {
  metadata: { name: 'census-1', namespace: 'team', uid: 'uid-1' },
  spec: {
    imagePullSecrets: [{ name: 'registry' }],
    containers: [{ name: 'me', image: 'registry.example/me:latest', imagePullPolicy: 'IfNotPresent' }],
  },
  status: { podIP: '10.1.2.3' },
}

test.each<[string, K8sOptions, Partial<LaunchPlace>]>([
  [
    "of the manager's pod as that was pulled",
    {},
    {
      image: 'registry.example/me:latest',
      imagePullPolicy: 'IfNotPresent',
      imagePullSecrets: [{ name: 'registry' }],
    },
  ],
  [
    'as the options say',
    { imagePullPolicy: 'Never' },
    { imagePullPolicy: 'Never', imagePullSecrets: [{ name: 'registry' }] },
  ],
  [
    'of their own without what pulled that of the manager',
    { image: 'other:1' },
    { image: 'other:1', imagePullPolicy: undefined, imagePullSecrets: undefined },
  ],
  [
    'of a manager in another namespace without its Secrets, and without an owner',
    { namespace: 'elsewhere' },
    {
      namespace: 'elsewhere',
      image: 'registry.example/me:latest',
      imagePullPolicy: 'IfNotPresent',
      imagePullSecrets: undefined,
      owner: undefined,
    },
  ],
])('findLaunchPlace() has workers pull the image %s', async (_, given, place) => {
  const api = apiAt(ownServer, async () => privatePod)
  expect(await findLaunchPlace(api, resolveK8sOptions(1, given))).toMatchObject(place)
})

const notFound = refused(404, 'pods "census-1" not found')
const forbidden = refused(403, 'pods "census-1" is forbidden: User "me" cannot get resource "pods"')

function refused(httpStatus: number, message: string): () => Promise<never> {
  const request = { verb: 'get', resource: 'pods', namespace: 'team', name: 'census-1' }
  return async () => await Promise.reject(refusal(request, { httpStatus, status: { message } }))
}

test.each([
  ['does not know this pod', notFound],
  ['does not tell', forbidden],
])('findLaunchPlace() is outside of a cluster that a kubeconfig names and that %s', async (_, getPod) => {
  const api = apiAt('https://elsewhere:6443', getPod)
  expect(await isInside(api, options)).toBe(false)
  expect(await findLaunchPlace(api, options)).toMatchObject({
    image: expect.stringMatching(/^localhost\/dialback-worker:/),
    owner: undefined,
    ownPod: undefined,
  })
})

test('findLaunchPlace() is inside of a cluster that a kubeconfig names and that has this pod', async () => {
  const pod = managerPod({ 'app.kubernetes.io/name': 'dialback-submission' })
  const api = apiAt('https://kubernetes.default.svc', async () => pod)
  expect(await isInside(api, options)).toBe(true)
  expect((await findLaunchPlace(api, options)).ownPod).toBe(pod)
})

test('findLaunchPlace() says how to name its own pod, where that has another name than its host', async () => {
  await expect(findLaunchPlace(apiAt(ownServer, notFound), options)).rejects.toThrow(
    'pods "census-1" not found; name the pod of this process with the option managerPodName',
  )
})

test('findLaunchPlace() rejects with what the API server of its own pod refuses', async () => {
  const api = apiAt(ownServer, forbidden)
  expect(await isInside(api, options)).toBe(true)
  await expect(findLaunchPlace(api, options)).rejects.toMatchObject({ kind: 'forbidden' })
})
