import type { CoreV1Event, V1Pod } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { ManualClock } from '../../runtime/test/manual-clock.ts'
import { KubeError } from '../src/kubernetes/kube-error.ts'
import { PodWarnings } from '../src/kubernetes/pod-warnings.ts'
import { pod } from './pods.ts'

const creating = { waiting: { reason: 'ContainerCreating' } }

function named(name: string, made: V1Pod): V1Pod {
  made.metadata = { namespace: 'team', name, uid: `uid-of-${name}` }
  return made
}

const waitingPod = (name: string) => named(name, pod({ phase: 'Pending', state: creating }))
const runningPod = (name: string) => named(name, pod({ phase: 'Running', state: { running: {} } }))

function event(facts: object, name = 'a'): CoreV1Event {
  return { type: 'Warning', involvedObject: { uid: `uid-of-${name}` }, metadata: {}, ...facts } as CoreV1Event
}

const notMounted = event({
  reason: 'FailedMount',
  message: 'MountVolume.SetUp failed for volume "data" : secret "absent" not found\n',
  lastTimestamp: '2026-11-26T10:00:05Z',
})

/** `answer` gives the events of a pod. */
function start(answer: (name: string) => readonly CoreV1Event[] = () => [notMounted]) {
  const asked: string[] = []
  const clock = new ManualClock()
  const warnings = new PodWarnings({
    clock,
    api: {
      listEvents: async (namespace, { kind, name }) => {
        asked.push(`${namespace}/${kind}/${name}`)
        return await Promise.resolve().then(() => answer(name))
      },
    },
  })
  return { warnings, asked, clock }
}

test('PodWarnings asks after five seconds what holds up a pod whose status does not say it', async () => {
  const { warnings, asked, clock } = start()
  warnings.sighted(waitingPod('a'))
  await clock.advance(4_999)
  expect(asked).toEqual([])
  expect(warnings.of('a')).toBeUndefined()

  await clock.advance(1)

  expect(asked).toEqual(['team/Pod/a'])
  expect(warnings.of('a')).toBe(
    'FailedMount: MountVolume.SetUp failed for volume "data" : secret "absent" not found',
  )
})

test('PodWarnings does not ask for pods that have started, are gone, or say what they wait for', async () => {
  const { warnings, asked, clock } = start()
  warnings.sighted(waitingPod('a'))
  warnings.sighted(
    pod({ phase: 'Pending', state: { waiting: { reason: 'ErrImagePull', message: 'absent' } } }),
  )
  warnings.sighted(waitingPod('b'))
  warnings.sighted(runningPod('b'))
  warnings.forget('a')

  await clock.advance(60_000)

  expect(asked).toEqual([])
  expect(clock.pending).toBe(0)
})

test('PodWarnings forgets its warning of a pod that starts after all', async () => {
  const { warnings, clock } = start()
  warnings.sighted(waitingPod('a'))
  await clock.advance(5_000)
  warnings.sighted(runningPod('a'))
  expect(warnings.of('a')).toBeUndefined()
})

test('PodWarnings tells the latest warning, by whichever of its times an event has, and of this very pod', async () => {
  const { warnings, clock } = start(() => [
    event({ reason: 'Later', message: 'c', eventTime: '2026-11-26T10:00:07.000001Z' }),
    notMounted,
    event({
      reason: 'Again',
      message: 'b',
      series: { count: 2, lastObservedTime: '2026-11-26T10:00:06.000001Z' },
    }),
    event({ type: 'Normal', reason: 'Pulling', message: 'd', lastTimestamp: '2026-11-26T10:00:08Z' }),
    event(
      { reason: 'Other', message: 'e', lastTimestamp: '2026-11-26T10:00:09Z' },
      'another pod of this name',
    ),
  ])
  warnings.sighted(waitingPod('a'))
  await clock.advance(5_000)
  expect(warnings.of('a')).toBe('Later: c')
})

test('PodWarnings asks for no more than four pods at a time, each in its turn', async () => {
  const { warnings, asked, clock } = start()
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) warnings.sighted(waitingPod(name))
  await clock.advance(5_000)
  expect(asked).toHaveLength(4)
  await clock.advance(5_000)
  expect(asked.map((path) => path.at(-1)).join('')).toBe('abcdefab')
})

test('PodWarnings asks again after an API server that did not answer, but not one that does not let it', async () => {
  const request = { verb: 'list', resource: 'events', namespace: 'team' }
  let kind: 'unreachable' | 'forbidden' = 'unreachable'
  const { warnings, asked, clock } = start(() => {
    throw new KubeError('no', { kind, status: 0, reason: 'no', request })
  })
  warnings.sighted(waitingPod('a'))
  await clock.advance(5_000)
  kind = 'forbidden'
  await clock.advance(5_000)
  expect(asked).toHaveLength(2)

  await clock.advance(60_000)
  warnings.sighted(waitingPod('b'))
  await clock.advance(60_000)

  expect(asked).toHaveLength(2)
})
