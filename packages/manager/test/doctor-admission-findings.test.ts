import { expect, test } from 'vitest'
import { admissionFindings } from '../src/cli/doctor/admission-findings.ts'
import { type KubeError, refusal } from '../src/kubernetes/kube-error.ts'

const size = { cpu: '1', memory: '4Gi' }

function refused(httpStatus: number, message: string, resource = 'pods'): KubeError {
  return refusal({ verb: 'create', resource, namespace: 'team' }, { httpStatus, status: { message } })
}

function statuses(refusal: KubeError | undefined): readonly string[] {
  return admissionFindings({ namespace: 'team', refusal, level: undefined, size }).map(
    ({ check, status }) => `${check}: ${status}`,
  )
}

test('admissionFindings() finds all in order when nothing was refused', () => {
  const level = 'restricted:latest'
  expect(admissionFindings({ namespace: 'team', refusal: undefined, level, size })).toEqual([
    { check: 'namespace', status: 'ok', message: 'team is there' },
    {
      check: 'pod security',
      status: 'ok',
      message: 'the namespace enforces "restricted:latest", which workers meet',
    },
    { check: 'admission', status: 'ok', message: 'nothing refuses workers, or what belongs to them' },
    { check: 'quota', status: 'ok', message: 'there is room for a worker of 1 CPU and 4Gi' },
  ])
})

test.each([
  [
    'a namespace that is not there',
    refused(404, 'namespaces "team" not found'),
    ['namespace: failed', 'pod security: note', 'admission: note', 'quota: note'],
  ],
  [
    'a namespace that is being deleted',
    refused(
      403,
      'pods "w" is forbidden: unable to create new content in namespace team because it is being terminated',
    ),
    ['namespace: failed', 'pod security: note', 'admission: note', 'quota: note'],
  ],
  [
    'a pod that a webhook has made one of another kind',
    refused(
      403,
      'pods "w" is forbidden: violates PodSecurity "restricted:latest": host namespaces (hostNetwork=true)',
    ),
    ['namespace: ok', 'pod security: failed', 'admission: note', 'quota: note'],
  ],
  [
    'a webhook that refuses',
    refused(400, 'admission webhook "images.example" denied the request: not from our registry'),
    ['namespace: ok', 'pod security: ok', 'admission: failed', 'quota: note'],
  ],
  [
    'an object that is not valid, at which nothing has looked further',
    refused(422, 'Pod "w" is invalid: spec.containers[0].image: Required value'),
    ['namespace: ok', 'pod security: note', 'admission: failed', 'quota: note'],
  ],
  [
    'a quota that is used up',
    refused(
      403,
      'pods "w" is forbidden: exceeded quota: small, requested: pods=1, used: pods=3, limited: pods=3',
    ),
    ['namespace: ok', 'pod security: ok', 'admission: ok', 'quota: failed'],
  ],
  [
    'a limit for each container',
    refused(403, 'pods "w" is forbidden: maximum memory usage per Container is 1Gi, but limit is 4Gi'),
    ['namespace: ok', 'pod security: ok', 'admission: ok', 'quota: failed'],
  ],
])('admissionFindings() tells %s', (_, refusal, expected) => {
  expect(statuses(refusal)).toEqual(expected)
})

test('admissionFindings() repeats what the API server said, and says what to do', () => {
  const refusal = refused(
    403,
    'pods "w" is forbidden: exceeded quota: small, requested: pods=1, used: pods=3',
  )
  expect(admissionFindings({ namespace: 'team', refusal, level: undefined }).at(-1)).toEqual({
    check: 'quota',
    status: 'failed',
    message:
      'Cannot create pods in namespace "team": pods "w" is forbidden: exceeded quota: small, requested: pods=1, used: pods=3; ask for less, free some, or have the quota raised',
    advice:
      'kubectl describe resourcequota,limitrange -n team shows what is used; --cpu and --memory ask for less',
  })
})
