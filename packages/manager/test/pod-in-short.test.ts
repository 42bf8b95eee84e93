import { expect, test } from 'vitest'
import { podInShort } from '../src/kubernetes/pod-in-short.ts'

test('podInShort() keeps the whole status, and of the rest what is read', () => {
  const name = { name: 'w-1', namespace: 'team', uid: 'uid-1', resourceVersion: '7' }
  const resources = { limits: { memory: '300Mi', cpu: '200m' } }
  const status = { phase: 'Failed', reason: 'Evicted', conditions: [{ type: 'Ready', status: 'False' }] }
  const whole = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...name, annotations: { a: 'b' }, managedFields: [{ manager: 'kubelet' }] },
    spec: {
      nodeName: 'n-1',
      containers: [{ name: 'worker', image: 'i', resources, env: [{ name: 'A' }] }, { name: 'sidecar' }],
      volumes: [{ name: 'v' }],
    },
    status,
  }
  expect(podInShort(whole)).toEqual({
    metadata: name,
    spec: { nodeName: 'n-1', containers: [{ name: 'worker', resources }, { name: 'sidecar' }] },
    status,
  })
})

test('podInShort() takes a pod that has neither a spec nor a status', () => {
  expect(podInShort({ metadata: { name: 'w-1' } })).toEqual({ metadata: { name: 'w-1' } })
})
