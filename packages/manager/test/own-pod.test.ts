import type { V1Pod } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { findOwnPod } from '../src/kubernetes/own-pod.ts'

/** A clock whose time passes only by waiting. */
function hurriedClock(): { now(): number; after(ms: number, callback: () => void): () => void } {
  let now = 0
  return {
    now: () => now,
    after(ms, callback) {
      now += ms
      queueMicrotask(callback)
      return () => {}
    },
  }
}

const own = { namespace: 'team', name: 'session' }

test('findOwnPod() waits for the address, which the kubelet tells after it has started the container', async () => {
  const states: V1Pod[] = [{}, { status: { phase: 'Pending' } }, { status: { podIP: '10.1.2.3' } }]
  let asked = 0
  const getPod = async (): Promise<V1Pod> => states[asked++] ?? {}
  expect(await findOwnPod({ getPod }, own, hurriedClock())).toEqual({ status: { podIP: '10.1.2.3' } })
  expect(asked).toBe(3)
})

test('findOwnPod() does not wait for ever', async () => {
  const pod: V1Pod = { status: { phase: 'Running' } }
  expect(await findOwnPod({ getPod: async () => pod }, own, hurriedClock())).toBe(pod)
})
