import type { V1Pod } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { handedOn } from '../src/kubernetes/handed-on.ts'
import { podManifest } from '../src/kubernetes/pod-manifest.ts'
import { submissionJob } from '../src/submit/submission-job.ts'

const password = { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'login', key: 'password' } } }
const model = { name: 'MODEL', value: '$$(HOME)' }

function submittedPod(): V1Pod {
  const { spec } = submissionJob({
    name: 'mine',
    namespace: 'team',
    image: 'manager:1',
    script: 'main.ts',
    args: [],
    program: { sha256: 'ab', byteLength: 1 },
    cpu: '1',
    memory: '1Gi',
    workers: { count: 1, cpu: '1', memory: '1Gi' },
    env: [model, password, { name: 'NODE_OPTIONS', value: '--stack-size=1' }],
    envSecrets: ['login'],
    serviceAccountName: 'me',
    ttlSeconds: 1,
    backoffLimit: 0,
  })
  const { metadata, spec: podSpec } = spec?.template ?? {}
  return {
    metadata: { labels: metadata?.labels ?? {}, namespace: 'team' },
    ...(podSpec && { spec: podSpec }),
  }
}

test('handedOn() gives workers what dialback submit was given, values of Secrets as references', () => {
  const envFrom = [{ secretRef: { name: 'login' } }]
  expect(handedOn(submittedPod(), 'team')).toEqual({ env: [model, password], envFrom })
  expect(handedOn(submittedPod(), 'elsewhere')).toEqual({ env: [model] })
})

test('handedOn() gives workers nothing of other managers', () => {
  const { spec } = submittedPod()
  expect(handedOn({ metadata: { namespace: 'team' }, ...(spec && { spec }) }, 'team')).toEqual({})
  expect(handedOn(undefined, 'team')).toEqual({})
})

test('podManifest() counts the variables of the launch before those that are handed on', () => {
  const pod = podManifest({
    prefix: 'w',
    namespace: 'team',
    image: 'worker:1',
    command: ['node'],
    cpu: '1',
    memory: '1Gi',
    threads: 1,
    session: 's',
    secretName: 's',
    url: 'wss://10.0.0.1:1',
    patienceMs: 1,
    env: { MODEL: 'theirs' },
    handedOn: handedOn(submittedPod(), 'team'),
  })
  const [container] = pod.spec?.containers ?? []
  expect(container?.env?.slice(0, 2)).toEqual([password, { name: 'MODEL', value: 'theirs' }])
  expect(container?.envFrom).toEqual([{ secretRef: { name: 'login' } }])
})
