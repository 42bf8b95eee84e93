import type { WorkerExit } from '@dialback/protocol'
import type { V1ContainerState, V1Pod } from '@kubernetes/client-node'
import { describe, expect, test } from 'vitest'
import { podExit } from '../src/kubernetes/pod-exit.ts'
import { lostPodExit, silentPodExit, silentPodWord } from '../src/kubernetes/pod-lost.ts'
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

describe('silentPodExit()', () => {
  /** Deleted at 22:42:17 with a second to end in. */
  const deleted = { status: {}, isBeingDeleted: true } as const
  const exitOf = (last: V1Pod, lines: readonly string[] = []): WorkerExit | undefined => {
    const exit = podExit(last, { container, lines }) ?? lostPodExit('deleted', last, { container, lines })
    return silentPodExit(exit, last, { container, lines })
  }

  test.each<[title: string, last: V1Pod, expected: Partial<WorkerExit>]>([
    [
      'what killed it',
      pod({ ...deleted, state: terminated('OOMKilled', 137) }),
      { reason: 'OOMKilled', blame: 'item' },
    ],
    [
      'that it had ended before it was deleted',
      pod({ ...deleted, state: terminatedAt('22:42:02Z', 'Completed', 0) }),
      { reason: 'Completed', blame: 'item' },
    ],
    [
      'that it ran until it was deleted',
      pod({ ...deleted, state: terminatedAt('22:42:18Z', 'Error', 137) }),
      { reason: 'Disconnected', detail: 'ran until its pod was deleted', exitCode: 137 },
    ],
    [
      'the disruption',
      pod({ ...running, conditions: [{ type: 'DisruptionTarget', reason: 'DeletionByPodGC' }] }),
      { reason: 'DeletionByPodGC', blame: 'infrastructure' },
    ],
    [
      'that nobody knows',
      pod({ ...deleted, ...running }),
      {
        reason: 'Disconnected',
        detail: 'did not tell how it ended: the pod is gone, last seen Running',
        blame: 'infrastructure',
      },
    ],
  ])('tells %s', (_, last, expected) => {
    expect(exitOf(last)).toMatchObject(expected)
  })

  // As it does where something blocks one of its threads: 137.
  test.each([1, 137])(
    'tells one that ended by itself (%i), for want of its manager, from one that failed',
    (exitCode) => {
      const last = pod({ ...deleted, state: terminatedAt('22:42:02Z', 'Error', exitCode) })
      expect(exitOf(last, ['done', 'the manager is gone: silent for 15000 ms'])).toMatchObject({
        reason: 'Disconnected',
        detail: 'had lost its manager, and ended by itself',
        blame: 'infrastructure',
      })
      expect(exitOf(last, ['TypeError: x is not a function'])).toMatchObject({ reason: 'Error', exitCode })
    },
  )
})

function terminatedAt(time: string, reason: string, exitCode: number): V1ContainerState {
  const state = terminated(reason, exitCode)
  // As JSON brings it: a text.
  Object.assign(state.terminated ?? {}, { finishedAt: `2026-11-25T${time}` })
  return state
}
