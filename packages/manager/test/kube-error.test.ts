import { expect, test } from 'vitest'
import { refusal } from '../src/kubernetes/kube-error.ts'

/** Texts as API servers of 1.29 to 1.34 gave them. */
const rows = [
  [401, 'Unauthorized', 'unauthorized', /credentials \(Unauthorized\); log in again/],
  [
    403,
    'pods is forbidden: User "system:serviceaccount:team:default" cannot create resource "pods" in API group "" in the namespace "team"',
    'forbidden',
    /^Cannot create pods in namespace "team": no permission; .*"create" on "pods" \("dialback manifests rbac"/,
  ],
  [
    403,
    'pods "w-1" is forbidden: exceeded quota: compute, requested: limits.cpu=1, used: limits.cpu=2, limited: limits.cpu=2',
    'quota',
    /exceeded quota: compute.*; ask for less/,
  ],
  [
    403,
    'pods "w-1" is forbidden: failed quota: compute: must specify limits.cpu for: worker',
    'quota',
    /must specify/,
  ],
  [
    403,
    'pods "w-1" is forbidden: [maximum memory usage per Container is 1Gi, but limit is 4Gi]',
    'quota',
    /maximum memory usage per Container/,
  ],
  [
    403,
    'pods "w-1" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true',
    'denied',
    /admission control refuses it: change the manifest with configure/,
  ],
  [
    403,
    'pods "w-1" is forbidden: unable to create new content in namespace team because it is being terminated',
    'denied',
    /being terminated/,
  ],
  [
    403,
    'pods "w-1" is forbidden: error looking up service account team/nobody: serviceaccount "nobody" not found',
    'denied',
    /nobody/,
  ],
  [400, 'admission webhook "policy.example.com" denied the request: no', 'denied', /policy\.example\.com/],
  [
    500,
    'Internal error occurred: failed calling webhook "x": connection refused',
    'denied',
    /failed calling webhook/,
  ],
  [
    404,
    'namespaces "team" not found',
    'namespaceNotFound',
    /there is no namespace "team"; create it, or name another/,
  ],
  [404, 'pods "w-1" not found', 'notFound', /pods "w-1" not found$/],
  [409, 'pods "w-1" already exists', 'conflict', /already exists$/],
  [410, 'too old resource version: 1 (2)', 'gone', /too old/],
  [
    422,
    'Pod "w-1" is invalid: spec.containers[0].image: Required value',
    'invalid',
    /Required value; look at what configure/,
  ],
  [429, 'Too many requests, please try again later.', 'tooManyRequests', /too busy/],
  [503, 'apiserver is shutting down', 'server', /the API server failed: apiserver is shutting down/],
] as const

test.each(rows)('refusal() of %i %s is %s', (httpStatus, message, kind, sentence) => {
  const request = { verb: 'create', resource: 'pods', namespace: 'team' }
  const error = refusal(request, { httpStatus, status: { message, reason: 'Word' } })
  expect(error).toMatchObject({
    name: 'KubeError',
    code: 'KUBERNETES',
    kind,
    status: httpStatus,
    reason: 'Word',
    request,
  })
  expect(error.message).toMatch(sentence)
})

test('refusal() without a Status says what HTTP said', () => {
  const request = { verb: 'get', resource: 'pods', namespace: 'team', name: 'w-1' }
  expect(refusal(request, { httpStatus: 502, status: {} })).toMatchObject({
    kind: 'server',
    reason: '502',
    message: 'Cannot get pods "w-1" in namespace "team": the API server failed: HTTP status 502',
  })
})
