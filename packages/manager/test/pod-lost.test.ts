import { expect, test } from 'vitest'
import { lostPodExit, silentPodWord } from '../src/kubernetes/pod-lost.ts'
import { pod, terminated } from './pods.ts'

const container = 'worker'
const running = { state: { running: {} } }

test('lostPodExit() of a pod that is gone says Deleted, and how it was last seen', () => {
  expect(lostPodExit('deleted', pod(running), { container, lines: ['last'] })).toMatchObject({
    reason: 'Deleted',
    blame: 'infrastructure',
    detail: 'the pod is gone, last seen Running',
    pod: { name: 'w-1', uid: 'uid-1' },
    logs: ['last'],
  })
  expect(lostPodExit('deleted', undefined, { container })).toMatchObject({
    reason: 'Deleted',
    detail: 'the pod is gone, never seen',
  })
})

test('lostPodExit() of a pod that is gone keeps to the end that was seen before', () => {
  const last = pod({ state: terminated('OOMKilled', 137), isBeingDeleted: true })
  expect(lostPodExit('deleted', last, { container }).reason).toBe('OOMKilled')
})

test('lostPodExit() keeps to the disruption that was announced', () => {
  const conditions = [
    { type: 'DisruptionTarget', reason: 'DeletionByTaintManager', message: 'NoExecute taint' },
  ]
  for (const loss of ['deleted', 'unfinished', 'unreachable'] as const) {
    expect(lostPodExit(loss, pod({ ...running, conditions }), { container })).toMatchObject({
      reason: 'DeletionByTaintManager',
      detail: 'NoExecute taint',
      blame: 'infrastructure',
    })
  }
})

test('lostPodExit() of a status that never became final', () => {
  expect(lostPodExit('unfinished', pod(running), { container })).toMatchObject({
    reason: 'Disconnected',
    detail: "the pod's status did not become final, last seen Running",
  })
})

test('lostPodExit() names the node that does not answer any more', () => {
  const conditions = [{ type: 'Ready', status: 'False', reason: 'NodeNotReady' }]
  expect(lostPodExit('unfinished', pod({ ...running, conditions }), { container })).toMatchObject({
    reason: 'Disconnected',
    detail: 'its node n-1 does not answer any more',
  })
})

test('lostPodExit() when the API server cannot be asked', () => {
  expect(lostPodExit('unreachable', pod(running), { container })).toMatchObject({
    reason: 'Unknown',
    detail: 'the API server does not answer, the pod was last seen Running',
    blame: 'infrastructure',
  })
})

test('silentPodWord() adds to a silence only what the pod has announced, its state and its last lines', () => {
  const silent = pod(running)
  expect(silentPodWord(silent, { container, lines: ['last'] })).toEqual({
    pod: { name: 'w-1', namespace: 'team', uid: 'uid-1', node: 'n-1' },
    status: silent.status,
    logs: ['last'],
  })
  const conditions = [
    { type: 'DisruptionTarget', reason: 'DeletionByTaintManager', message: 'NoExecute taint' },
  ]
  expect(silentPodWord(pod({ ...running, conditions }), { container }).reason).toBe('DeletionByTaintManager')
  const ended = pod({ state: terminated('OOMKilled', 137) })
  expect(silentPodWord(ended, { container })).toMatchObject({ reason: 'OOMKilled', exitCode: 137 })
})
