import { expect, test } from 'vitest'
import { resolveK8sOptions } from '../src/kubernetes/k8s-options.ts'

test('resolveK8sOptions() fills in what needs no cluster to be known', () => {
  expect(resolveK8sOptions(3, {})).toEqual({
    np: 3,
    cpu: '1',
    memory: '4Gi',
    pendingTimeoutMs: 180_000,
    minWorkers: 0,
    keepPods: 'never',
    connection: 'auto',
    threads: 1,
  })
})

test('resolveK8sOptions() takes every option', () => {
  const configure = <T>(pod: T): T => pod
  const given = {
    namespace: 'team',
    managerPodName: 'me-0',
    workerPrefix: 'me',
    image: 'a/b:1',
    serviceAccountName: 'reader',
    env: { A: 'b' },
    labels: { c: 'd' },
    annotations: { e: 'f' },
    imagePullPolicy: 'Never',
    minWorkers: 2,
    keepPods: 'onFailure',
    connection: 'direct',
    advertise: '[fe80::1]:443',
    threads: 2,
    configure,
  } as const
  expect(resolveK8sOptions(2, { ...given, cpu: 0.2, memory: '300Mi', pendingTimeout: '500ms' })).toEqual({
    ...given,
    np: 2,
    cpu: '0.2',
    memory: '300Mi',
    pendingTimeoutMs: 500,
  })
})

test('resolveK8sOptions() takes labels and annotations that Kubernetes takes', () => {
  const labels = { team: '', 'example.org/Step_1': 'v1.0_b', 'app.kubernetes.io/part-of': 'simulation' }
  const annotations = { 'Example.org/note': 'any text, of any length: ü' }
  expect(resolveK8sOptions(1, { labels, annotations })).toMatchObject({ labels, annotations })
})

test.each<[np: unknown, options: object, error: ErrorConstructor, message: string]>([
  ['3', {}, TypeError, "np must be a whole number: '3'"],
  [-1, {}, RangeError, 'np must be a whole number of at least 0: -1'],
  [1.5, {}, RangeError, 'np must be a whole number of at least 0: 1.5'],
  [1, { pending_timeout: 5 }, TypeError, "Unknown option of K8sClusterManager: 'pending_timeout'"],
  [1, { cpu: '1 core' }, TypeError, 'cpu must be a Kubernetes quantity'],
  [1, { cpu: 0 }, RangeError, 'cpu must be more than 0'],
  [1, { memory: '300MB' }, TypeError, 'memory must be a Kubernetes quantity'],
  [1, { memory: true }, TypeError, 'true'],
  [1, { memory: 300 }, RangeError, 'memory must be at least 1Mi; a number without a unit is bytes: 300'],
  [1, { env: ['A=b'] }, TypeError, 'env must be an object of strings: ["A=b"]'],
  [1, { labels: new Map([['a', 'b']]) }, TypeError, 'labels must be an object of strings: Map'],
  [1, { pendingTimeout: '5 minutes' }, TypeError, 'pendingTimeout'],
  [1, { configure: {} }, TypeError, 'configure must be a function: {}'],
  [1, { namespace: '' }, TypeError, "namespace must be a string that is not empty: ''"],
  [1, { namespace: 'My_Space' }, RangeError, 'namespace must be a name that Kubernetes takes'],
  [1, { namespace: 'a.b' }, RangeError, "'a.b'"],
  [1, { workerPrefix: 'Me' }, RangeError, "'Me'"],
  [1, { workerPrefix: 'm'.repeat(248) }, RangeError, 'at most 247'],
  [1, { managerPodName: 5 }, TypeError, 'managerPodName must be a string that is not empty: 5'],
  [1, { image: '' }, TypeError, 'image'],
  [1, { env: { A: 1 } }, TypeError, 'env.A must be a string: 1'],
  [1, { env: { 'A=B': 'c' } }, RangeError, "that are not empty: 'A=B'"],
  [1, { env: { Größe: '1' } }, RangeError, "env must have names of printable ASCII for Kubernetes: 'Größe'"],
  [1, { labels: 'a=b' }, TypeError, "labels must be an object of strings: 'a=b'"],
  [1, { labels: { 'a b': 'c' } }, RangeError, 'at most 63 letters, digits, "-", "_" and "."): \'a b\''],
  [1, { labels: { 'Example.org/a': 'c' } }, RangeError, 'labels must have keys that Kubernetes takes'],
  [1, { labels: { 'a/b/c': 'd' } }, RangeError, "'a/b/c'"],
  [1, { labels: { '/a': 'b' } }, RangeError, "'/a'"],
  [1, { labels: { '': 'b' } }, RangeError, "''"],
  [1, { labels: { ['a'.repeat(64)]: 'b' } }, RangeError, 'the name at most 63'],
  [1, { labels: { step: 'one two' } }, RangeError, "labels['step'] must have at most 63 letters"],
  [1, { labels: { step: 'a'.repeat(64) } }, RangeError, 'at most 63'],
  [1, { labels: { step: '-1' } }, RangeError, "a letter or digit first and last: '-1'"],
  [
    1,
    { labels: { 'dialback.dev/session': 'mine' } },
    RangeError,
    "labels must not have 'dialback.dev/session', which dialback sets: 'mine'",
  ],
  [1, { labels: { 'worker-id': '2' } }, RangeError, "labels must not have 'worker-id'"],
  [1, { annotations: { 'a b': 'c' } }, RangeError, 'annotations must have keys that Kubernetes takes'],
  [1, { annotations: { a: 5 } }, TypeError, 'annotations.a must be a string: 5'],
  [
    1,
    { annotations: { a: 'x'.repeat(262_144) } },
    RangeError,
    'annotations must have at most 262144 bytes together: 262145',
  ],
  [1, { serviceAccountName: 'My Account' }, RangeError, 'serviceAccountName must be a name that Kubernetes'],
  [1, { workerPrefix: 'a..b' }, RangeError, "'a..b'"],
  [
    1,
    { image: 'example/worker:1 ' },
    RangeError,
    "image must be without white space around it: 'example/worker:1 '",
  ],
  [
    1,
    { imagePullPolicy: 'never' },
    TypeError,
    "imagePullPolicy must be one of Always, IfNotPresent, Never: 'never'",
  ],
  [1, { keepPods: true }, TypeError, 'keepPods must be one of never, onFailure, always: true'],
  [1, { connection: 'relay' }, TypeError, "connection must be one of auto, direct, tunnel: 'relay'"],
  [1, { advertise: '10.0.0.1' }, RangeError, "advertise must be 'host:port': '10.0.0.1'"],
  [1, { advertise: 'wss://host:1' }, RangeError, 'advertise'],
  [1, { advertise: 'host:70000' }, RangeError, 'advertise'],
  [1, { minWorkers: 2 }, RangeError, 'minWorkers must be at most np, 1: 2'],
  [1, { threads: 0 }, RangeError, 'threads must be a whole number of at least 1: 0'],
])('resolveK8sOptions(%o, %o) is refused', (np, options, error, message) => {
  expect(() => resolveK8sOptions(np, options)).toThrow(error)
  expect(() => resolveK8sOptions(np, options)).toThrow(message)
})
