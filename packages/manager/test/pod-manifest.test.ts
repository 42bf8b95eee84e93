import { expect, test } from 'vitest'
import {
  checkConfigured,
  type PodManifestOptions,
  podManifest,
  podOf,
  restoreBelonging,
  secretManifest,
} from '../src/kubernetes/pod-manifest.ts'

const options: PodManifestOptions = {
  prefix: 'me-worker',
  namespace: 'team',
  image: 'example/worker:1',
  command: ['node', '/agent.js'],
  cpu: '0.2',
  memory: '300Mi',
  threads: 1,
  session: 'ab12',
  secretName: 'me-worker-cd34',
  url: 'wss://10.0.0.1:5000',
  patienceMs: 30_000,
}
const owner = { apiVersion: 'v1', kind: 'Pod', name: 'me', uid: 'u-1' }
const labels = {
  'app.kubernetes.io/name': 'dialback-worker',
  'app.kubernetes.io/component': 'worker',
  'app.kubernetes.io/part-of': 'dialback',
  'app.kubernetes.io/managed-by': 'dialback',
  'dialback.dev/session': 'ab12',
}

test('podManifest() of the least that there can be', () => {
  expect(podManifest(options)).toEqual({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'me-worker-', namespace: 'team', labels },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      shareProcessNamespace: true,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'worker',
          image: 'example/worker:1',
          command: ['node', '/agent.js'],
          resources: {
            requests: { cpu: '0.2', memory: '300Mi' },
            limits: { cpu: '0.2', memory: '300Mi' },
          },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          terminationMessagePolicy: 'FallbackToLogsOnError',
          env: [
            { name: 'NODE_OPTIONS', value: '--max-old-space-size-percentage=75' },
            { name: 'DIALBACK_URL', value: 'wss://10.0.0.1:5000' },
            { name: 'DIALBACK_PATIENCE_MS', value: '30000' },
            { name: 'DIALBACK_THREADS', value: '1' },
            {
              name: 'DIALBACK_TOKEN',
              valueFrom: { secretKeyRef: { name: 'me-worker-cd34', key: '<the name of the pod>' } },
            },
            {
              name: 'DIALBACK_CERTIFICATE',
              valueFrom: { secretKeyRef: { name: 'me-worker-cd34', key: 'certificate' } },
            },
            { name: 'DIALBACK_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            { name: 'DIALBACK_POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            { name: 'DIALBACK_POD_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
            { name: 'DIALBACK_POD_NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
            {
              name: 'DIALBACK_CPU_LIMIT_MILLIS',
              valueFrom: {
                resourceFieldRef: { containerName: 'worker', resource: 'limits.cpu', divisor: '1m' },
              },
            },
            {
              name: 'DIALBACK_MEMORY_LIMIT_BYTES',
              valueFrom: {
                resourceFieldRef: { containerName: 'worker', resource: 'limits.memory', divisor: '1' },
              },
            },
          ],
        },
      ],
    },
  })
})

test.each([
  ['an owner', { owner }, { metadata: { ownerReferences: [owner] } }],
  [
    'pull secrets',
    { imagePullSecrets: [{ name: 'registry' }] },
    { spec: { imagePullSecrets: [{ name: 'registry' }] } },
  ],
  ['a pull policy', { imagePullPolicy: 'Never' }, { spec: { containers: [{ imagePullPolicy: 'Never' }] } }],
  [
    'a service account, whose token is then mounted',
    { serviceAccountName: 'reader' },
    { spec: { serviceAccountName: 'reader', automountServiceAccountToken: true } },
  ],
  ['annotations', { annotations: { a: 'b' } }, { metadata: { annotations: { a: 'b' } } }],
  [
    'labels, also in place of those that only describe it',
    { labels: { team: 'x', 'app.kubernetes.io/part-of': 'simulation' } },
    { metadata: { labels: { ...labels, team: 'x', 'app.kubernetes.io/part-of': 'simulation' } } },
  ],
])('podManifest() with %s', (_, more, expected) => {
  expect(podManifest({ ...options, ...more })).toMatchObject(expected)
})

test('podManifest() puts the environment before ours and joins options of Node', () => {
  const { spec } = podManifest({
    ...options,
    env: { A: '1', NODE_OPTIONS: '--trace-gc', DIALBACK_URL: 'mine' },
  })
  const env = spec?.containers[0]?.env ?? []

  expect(env[0]).toEqual({ name: 'A', value: '1' })
  expect(env.filter(({ name }) => name === 'NODE_OPTIONS')).toEqual([
    { name: 'NODE_OPTIONS', value: '--max-old-space-size-percentage=75 --trace-gc' },
  ])
  // The last one counts.
  expect(env.findLast(({ name }) => name === 'DIALBACK_URL')?.value).toBe('wss://10.0.0.1:5000')
})

test("podManifest() leaves the heap's size to the options of Node that set it", () => {
  const { spec } = podManifest({ ...options, env: { NODE_OPTIONS: '--max-old-space-size=200' } })
  expect(spec?.containers[0]?.env?.[0]).toEqual({ name: 'NODE_OPTIONS', value: '--max-old-space-size=200' })
})

test('podManifest() gives variables as they are, in which Kubernetes would put others in', () => {
  const { spec } = podManifest({ ...options, env: { PRICE: '5$', LINE: '$(PRICE) $$' } })
  expect(spec?.containers[0]?.env?.slice(0, 2)).toEqual([
    { name: 'PRICE', value: '5$$' },
    { name: 'LINE', value: '$$(PRICE) $$$$' },
  ])
})

test('restoreBelonging() puts back what the pod is found by and removed with, and leaves the rest', () => {
  const theirs = { apiVersion: 'v1', kind: 'ConfigMap', name: 'run', uid: 'u-2' }
  const pod = podManifest({ ...options, owner })
  pod.metadata = { labels: { team: 'x' }, ownerReferences: [theirs] }

  const restored = restoreBelonging(pod, { session: 'ab12', owner })

  expect(restored.metadata).toEqual({
    labels: {
      team: 'x',
      'app.kubernetes.io/component': 'worker',
      'app.kubernetes.io/managed-by': 'dialback',
      'dialback.dev/session': 'ab12',
    },
    ownerReferences: [owner, theirs],
  })
  expect(restoreBelonging(restored, { session: 'ab12', owner })).toEqual(restored)
  expect(restored.spec).toEqual(pod.spec)
})

test('podOf() gives a pod its own name and token, and leaves the manifest and other containers as they are', () => {
  const manifest = podManifest(options)
  manifest.spec?.containers.unshift({ name: 'sidecar', image: 'other' })
  const before = structuredClone(manifest)

  const pod = podOf(manifest, 'me-worker-xyz12', 'team')

  expect(pod.metadata).toEqual({ name: 'me-worker-xyz12', namespace: 'team', labels })
  expect(pod.spec?.containers[0]).toEqual({ name: 'sidecar', image: 'other' })
  expect(pod.spec?.containers[1]?.env?.find(({ name }) => name === 'DIALBACK_TOKEN')).toEqual({
    name: 'DIALBACK_TOKEN',
    valueFrom: { secretKeyRef: { name: 'me-worker-cd34', key: 'me-worker-xyz12' } },
  })
  expect(manifest).toEqual(before)
})

test('secretManifest() holds a token for each pod and the certificate, and has the owner of the pods', () => {
  expect(secretManifest({ ...options, owner }, 'PEM', { 'me-worker-a': 't1', 'me-worker-b': 't2' })).toEqual({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'me-worker-cd34', namespace: 'team', labels, ownerReferences: [owner] },
    immutable: true,
    type: 'Opaque',
    stringData: { 'me-worker-a': 't1', 'me-worker-b': 't2', certificate: 'PEM' },
  })
})

test('checkConfigured() gives a pod that is in order', () => {
  const pod = podManifest(options)
  expect(checkConfigured(pod, 3)).toBe(pod)
  expect(
    checkConfigured(Object.assign(podManifest(options), { metadata: { name: 'one' } }), 1).metadata,
  ).toEqual({ name: 'one' })
})

test.each([
  [undefined, 1, 'configure must return a Pod: it returned undefined'],
  ['pod', 1, "configure must return a Pod: it returned 'pod'"],
  [{ kind: 'Job' }, 1, "configure must return a Pod: the kind is 'Job'"],
  [{ kind: 'Pod' }, 1, 'there is no container named "worker" in it any more'],
  [
    { kind: 'Pod', spec: { containers: [{ name: 'worker' }] } },
    1,
    'its container "worker" has lost the environment that lets it join',
  ],
  [
    Object.assign(podManifest(options), { metadata: { name: 'one' } }),
    2,
    "2 pods cannot all have the name 'one'; generateName gives each one",
  ],
])('checkConfigured() refuses %o', (value, np, message) => {
  expect(() => checkConfigured(value, np)).toThrow(TypeError)
  expect(() => checkConfigured(value, np)).toThrow(message)
})
