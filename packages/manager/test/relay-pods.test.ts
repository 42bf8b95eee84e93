import type { V1Job, V1Pod } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import type { KubeApi } from '../src/kubernetes/kube-api.ts'
import { refusal } from '../src/kubernetes/kube-error.ts'
import { RelayPods } from '../src/kubernetes/relay-pods.ts'

const job: V1Job = { metadata: { name: 'relay', uid: 'uid-1' }, spec: { template: {} } }
const { signal } = new AbortController()

/** Its relay has ended, and what the cluster has added to it has not. */
const halfEnded = {
  metadata: { name: 'r-0' },
  status: {
    phase: 'Running',
    podIP: '10.0.0.1',
    containerStatuses: [
      { name: 'sidecar', state: { running: {} } },
      { name: 'relay', state: { terminated: { exitCode: 137 } } },
    ],
  },
} as unknown as V1Pod

function relayPod(name: string, phase: string, isLeaving = false): V1Pod {
  return {
    metadata: { name, ...(isLeaving && { deletionTimestamp: new Date(0) }) },
    status: { phase, podIP: '10.0.0.1' },
  }
}

interface Started {
  readonly pods: RelayPods
  /** What is there. */
  readonly there: Map<string, V1Pod>
  /** Names of the pods that were made, and what the log says. */
  readonly made: string[]
}

/** A cluster in which each new pod runs at once, and whose Job is `found`. */
function start(found: () => V1Job = () => job): Started {
  const there = new Map([['r-0', relayPod('r-0', 'Running')]])
  const made: string[] = []
  const api = {
    listPods: () => Promise.resolve({ items: [...there.values()] }),
    // As a promise: it may throw.
    getJob: async () => await Promise.resolve().then(found),
    createPod: () => {
      const name = `r-${made.length + 1}`
      made.push(name)
      there.set(name, relayPod(name, 'Running'))
      return Promise.resolve(relayPod(name, 'Pending'))
    },
  } as unknown as KubeApi
  const logger = { debug() {}, info() {}, warn() {}, error() {} }
  return { pods: new RelayPods({ api, logger, namespace: 'team', job }), there, made }
}

test('RelayPods gives the pod that runs, and makes none as long as it does', async () => {
  const { pods, made } = start()
  expect((await pods.running(signal)).metadata?.name).toBe('r-0')
  expect((await pods.running(signal)).metadata?.name).toBe('r-0')
  expect(made).toEqual([])
})

test.each([
  ['is gone', undefined],
  ['is being deleted', relayPod('r-0', 'Running', true)],
  ['has failed', relayPod('r-0', 'Failed')],
  ['has ended beside a container that has not', halfEnded],
])('RelayPods makes another one when that which ran %s', async (_, former) => {
  const { pods, there, made } = start()
  await pods.running(signal)
  if (former === undefined) there.delete('r-0')
  else there.set('r-0', former)
  expect((await pods.running(signal)).metadata?.name).toBe('r-1')
  expect(made).toEqual(['r-1'])
})

test('RelayPods takes the one that the Job has made', async () => {
  const { pods, there, made } = start()
  await pods.running(signal)
  there.set('r-0', relayPod('r-0', 'Failed'))
  there.set('r-j', relayPod('r-j', 'Running'))
  expect((await pods.running(signal)).metadata?.name).toBe('r-j')
  expect(made).toEqual([])
})

test('RelayPods leaves the first pod to the Job', async () => {
  const { pods, there } = start()
  there.clear()
  const stop = AbortSignal.abort(new Error('enough'))
  await expect(pods.running(stop)).rejects.toMatchObject({ name: 'AbortError' })
  there.set('r-0', relayPod('r-0', 'Failed'))
  await expect(pods.running(signal)).rejects.toMatchObject({ name: 'RelayError', reason: 'Failed' })
})

const notFound = refusal(
  { verb: 'get', resource: 'jobs.batch', namespace: 'team', name: 'relay' },
  { httpStatus: 404, status: { message: 'jobs.batch "relay" not found' } },
)

const over = { conditions: [{ type: 'Complete', status: 'True' }] }

test.each<[title: string, found: () => V1Job]>([
  [
    'is gone',
    () => {
      throw notFound
    },
  ],
  ['is another one', () => ({ metadata: { name: 'relay', uid: 'uid-2' } })],
  ['is being deleted', () => ({ metadata: { name: 'relay', uid: 'uid-1', deletionTimestamp: new Date(0) } })],
  ['is over', () => ({ metadata: { name: 'relay', uid: 'uid-1' }, status: over })],
])('RelayPods makes no other one when the Job %s', async (_, found) => {
  const { pods, there, made } = start(found)
  await pods.running(signal)
  there.delete('r-0')
  await expect(pods.running(signal)).rejects.toMatchObject({ name: 'RelayError', reason: 'JobGone' })
  expect(made).toEqual([])
})
