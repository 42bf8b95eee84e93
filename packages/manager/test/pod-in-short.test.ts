import { expect, test } from 'vitest'
import { podInShort } from '../src/kubernetes/pod-in-short.ts'
import { pod } from './pods.ts'

test('podInShort() keeps the whole status, and of the rest what is read', () => {
  const kept = pod({ phase: 'Failed', status: { reason: 'Evicted' }, isBeingDeleted: true })
  const { metadata, spec, status } = kept
  const whole = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, annotations: { a: 'b' }, managedFields: [{ manager: 'kubelet' }] },
    spec: {
      ...spec,
      containers: (spec?.containers ?? []).map((container) => ({ ...container, env: [{ name: 'A' }] })),
      volumes: [{ name: 'v' }],
    },
    ...(status && { status }),
  }
  expect(podInShort(whole)).toEqual(kept)
})

test('podInShort() takes a pod that has neither a spec nor a status', () => {
  expect(podInShort({ metadata: { name: 'w-1' } })).toEqual({ metadata: { name: 'w-1' } })
})
