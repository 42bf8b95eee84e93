import type { V1Job } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import {
  ownerReference,
  relayJob,
  relayName,
  relaySecret,
  relayService,
  replacementPod,
} from '../src/kubernetes/relay-job.ts'

const options = {
  name: 'ann-relay-x4b2z',
  namespace: 'team',
  session: 'abc',
  image: 'localhost/dialback-worker:0.1.0',
  command: ['node', '/opt/dialback/agent/relay.js'],
}

test.each([
  ['ann-worker', /^ann-relay-\w{5}$/],
  ['simulation', /^simulation-relay-\w{5}$/],
  ['team.a', /^team-a-relay-\w{5}$/],
  [`${'a'.repeat(45)}.${'b'.repeat(200)}`, /^a{45}-relay-\w{5}$/],
])('relayName(%j) is a name that also fits into a label', (prefix, name) => {
  expect(relayName(prefix, () => 0)).toMatch(name)
})

test('relayJob() makes another relay when its pod is taken away, and goes with the one that has ended in order', () => {
  const { metadata, spec } = relayJob(options)
  expect(metadata).toMatchObject({ name: 'ann-relay-x4b2z', namespace: 'team' })
  expect(spec).toMatchObject({ backoffLimit: 1_000, ttlSecondsAfterFinished: 10 })
  expect(spec?.template.spec?.restartPolicy).toBe('Never')
  expect(metadata?.labels).toMatchObject({
    'dialback.dev/session': 'abc',
    'app.kubernetes.io/managed-by': 'dialback',
    'app.kubernetes.io/component': 'relay',
  })
})

test('relayJob() may do nothing in the cluster, and meets the restricted Pod Security Standard', () => {
  const pod = relayJob(options).spec?.template.spec
  expect(pod?.automountServiceAccountToken).toBe(false)
  expect(pod?.securityContext).toMatchObject({
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  })
  expect(pod?.containers[0]?.securityContext).toMatchObject({
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
  })
})

test('relayJob() keeps the token out of its manifest; the Secret goes with the Job', () => {
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name: options.name, uid: 'uid-1' }
  const secret = relaySecret(options, owner, 'the token')
  expect(secret).toMatchObject({
    metadata: { name: 'ann-relay-x4b2z', ownerReferences: [owner] },
    stringData: { token: 'the token' },
  })
  const environment = relayJob(options).spec?.template.spec?.containers[0]?.env
  expect(environment?.[0]).toEqual({
    name: 'DIALBACK_RELAY_TOKEN',
    valueFrom: { secretKeyRef: { name: 'ann-relay-x4b2z', key: 'token' } },
  })
})

test('replacementPod() is what the Job itself would make', () => {
  const labels = { 'batch.kubernetes.io/job-name': 'relay' }
  const spec = { containers: [{ name: 'relay' }] }
  const job: V1Job = {
    metadata: { name: 'relay', uid: 'uid-1' },
    spec: { template: { metadata: { labels }, spec } },
  }
  expect(replacementPod(job)).toEqual({
    metadata: {
      generateName: 'relay-',
      labels,
      finalizers: ['batch.kubernetes.io/job-tracking'],
      ownerReferences: [
        {
          apiVersion: 'batch/v1',
          kind: 'Job',
          name: 'relay',
          uid: 'uid-1',
          controller: true,
          blockOwnerDeletion: false,
        },
      ],
    },
    spec,
  })
})

test('relayService() leads to the pods of the Job, and goes with it', () => {
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name: '1st-relay-x4b2z', uid: 'uid-1' }
  expect(relayService({ ...options, name: '1st-relay-x4b2z' }, owner)).toMatchObject({
    metadata: { name: 'relay-uid-1', namespace: 'team', ownerReferences: [owner] },
    spec: { selector: { 'batch.kubernetes.io/job-name': '1st-relay-x4b2z' }, ports: [{ port: 7_420 }] },
  })
})

test('ownerReference() names this very Job', () => {
  const created: V1Job = { metadata: { name: 'relay', uid: 'uid-1' } }
  expect(ownerReference(created)).toEqual({
    apiVersion: 'batch/v1',
    kind: 'Job',
    name: 'relay',
    uid: 'uid-1',
  })
  expect(() => ownerReference({})).toThrow('Received a Job without name and uid')
})
