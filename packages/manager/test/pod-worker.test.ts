import type { WorkerExit } from '@dialback/protocol'
import type { V1Pod } from '@kubernetes/client-node'
import { afterEach, expect, test } from 'vitest'
import type { DeleteOptions, KubeApi } from '../src/kubernetes/kube-api.ts'
import { KubeError } from '../src/kubernetes/kube-error.ts'
import type { PodLog } from '../src/kubernetes/pod-logs.ts'
import { type KeepPods, PodWorker } from '../src/kubernetes/pod-worker.ts'
import { pod, terminated } from './pods.ts'

const pending = pod({ phase: 'Pending' })
const running = pod({ state: { running: {} } })
const workers: PodWorker[] = []

afterEach(() => {
  for (const worker of workers.splice(0)) worker.hold(false)
})

interface Started {
  readonly worker: PodWorker
  /** What the API server was asked, for example `delete 0`. */
  readonly asked: string[]
  /** Whether it was handed on to be waited for. */
  readonly isAwaited: () => boolean
  /** Writes a line of the pod's. */
  write(line: string): void
}

function start(keepPods: KeepPods = 'never'): Started {
  const asked: string[] = []
  const lines: string[] = []
  let isAwaited = false
  let onLine: (line: string) => void = () => {}
  // All that a worker asks for.
  const api = {
    deletePod: (_namespace: string, _name: string, { gracePeriodSeconds, uid }: DeleteOptions) => {
      asked.push(`delete ${gracePeriodSeconds} ${uid}`)
      return Promise.resolve()
    },
    patchPod: (_namespace: string, _name: string, patch: object) => {
      asked.push(`patch ${JSON.stringify(patch)}`)
      return Promise.resolve(running)
    },
  } as unknown as KubeApi
  const log = {
    ended: Promise.resolve(),
    opened: Promise.resolve(),
    lastLines: lines,
    sighted() {},
    started() {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  } as unknown as PodLog
  const worker = new PodWorker({
    name: 'w-1',
    namespace: 'team',
    threads: 1,
    keepPods,
    api,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    warningOf: () => 'FailedMount: no volume',
    follow: (_pod: V1Pod, take) => {
      onLine = take
      return log
    },
    release: () => Promise.resolve(),
    fellSilent: () => {
      isAwaited = true
    },
  })
  workers.push(worker)
  return {
    worker,
    asked,
    isAwaited: () => isAwaited,
    write: (line) => {
      lines.push(line)
      onLine(line)
    },
  }
}

test('PodWorker tells the end with the pod, its status, the last lines and what happened, and deletes the pod after that', async () => {
  const { worker, asked, write } = start()
  worker.created(pending)
  worker.update(running)
  worker.joined(4)
  write('nearly full')
  worker.update(pod({ state: terminated('OOMKilled', 137) }))

  const exit = await worker.exited
  await worker.gone

  expect(exit).toMatchObject({
    reason: 'OOMKilled',
    exitCode: 137,
    detail: 'exit code 137, memory limit 300Mi',
    pod: { name: 'w-1', namespace: 'team', uid: 'uid-1', node: 'n-1' },
    status: { phase: 'Running' },
    logs: ['nearly full'],
  })
  expect(exit.timeline?.map(({ event }) => event)).toEqual([
    'created',
    'Pending: scheduled to n-1',
    'running on n-1',
    'joined',
    'container terminated: OOMKilled',
    'ended: OOMKilled',
  ])
  expect(asked).toEqual(['patch {"metadata":{"labels":{"worker-id":"4"}}}', 'delete 0 uid-1'])
})

test.each<[keepPods: KeepPods, state: V1Pod, isDeleted: boolean]>([
  ['onFailure', pod({ state: terminated('Error', 3) }), false],
  ['onFailure', pod({ phase: 'Succeeded', state: terminated('Completed', 0) }), true],
  ['always', pod({ phase: 'Succeeded', state: terminated('Completed', 0) }), false],
])('PodWorker with keepPods "%s"', async (keepPods, last, isDeleted) => {
  const { worker, asked } = start(keepPods)
  worker.created(running)
  worker.update(last)
  await worker.gone
  expect(asked.length > 0).toBe(isDeleted)
})

test.each<[title: string, last: V1Pod, reason: string]>([
  [
    'an eviction',
    pod({ phase: 'Failed', state: terminated('Error', 143), status: { reason: 'Evicted' } }),
    'Evicted',
  ],
  ['nothing else', pod({ phase: 'Failed', state: terminated('Error', 143) }), 'Error'],
])(
  'PodWorker waits, when the container was stopped, for the word of the pod as a whole: %s',
  async (_, last, reason) => {
    const { worker } = start()
    worker.created(running)
    worker.update(pod({ state: terminated('Error', 143) }))
    worker.update(last)
    expect((await worker.exited).reason).toBe(reason)
  },
)

test('PodWorker waits for what the cluster warns of, where the status of its pod does not say it', () => {
  const { worker } = start()
  worker.created(pod({ phase: 'Pending', state: { waiting: { reason: 'ContainerCreating' } } }))
  expect(worker.waitingFor).toBe('FailedMount: no volume')
  worker.update(pod({ phase: 'Running', state: { running: {} } }))
  expect(worker.waitingFor).toBeUndefined()
})

test('PodWorker ends the wait for a pod that can no longer come, but not for one that may', async () => {
  const { worker, asked } = start()
  worker.created(pending)
  worker.update(
    pod({
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no node' }],
    }),
  )
  expect(worker.waitingFor).toBe('Unschedulable: no node')
  worker.update(
    pod({ phase: 'Pending', state: { waiting: { reason: 'ErrImageNeverPull', message: 'absent' } } }),
  )

  expect(await worker.exited).toMatchObject({
    reason: 'ErrImageNeverPull',
    detail: 'absent',
    blame: 'configuration',
  })
  await worker.gone
  expect(asked).toEqual(['delete 0 uid-1'])
})

test('PodWorker tells last lines that only the status has, behind those that came by the log', async () => {
  const { worker, write } = start()
  worker.created(running)
  write('one')
  worker.update(pod({ state: terminated('Error', 3, 'one\ntwo\n') }))

  expect((await worker.exited).logs).toEqual(['one', 'two'])
})

test('PodWorker that was not created says why, and asks for nothing', async () => {
  const { worker, asked } = start()
  const request = { verb: 'create', resource: 'pods', namespace: 'team' }
  worker.notCreated(
    new KubeError('exceeded quota', { kind: 'quota', status: 403, reason: 'Forbidden', request }),
  )

  expect(await worker.exited).toMatchObject({ reason: 'Forbidden', detail: 'exceeded quota' })
  await worker.gone
  expect(asked).toEqual([])
})

test('PodWorker that is terminated has no more time than it is waited for before it is killed', async () => {
  const { worker, asked } = start()
  worker.created(running)
  worker.end('terminate')
  worker.end('kill')

  await worker.gone
  expect(asked.slice(0, 2)).toEqual(['delete 5 uid-1', 'delete 0 uid-1'])
})

test('PodWorker that is killed before it was created is deleted once it is', async () => {
  const { worker, asked } = start()
  worker.end('kill')
  worker.created(pending)

  expect((await worker.exited).reason).toBe('Deleted')
  await worker.gone
  expect(asked[0]).toBe('delete 0 uid-1')
})

test('PodWorker that falls silent is deleted with the time to tell how it ended, and tells that', async () => {
  const { worker, asked, isAwaited } = start()
  worker.created(running)
  worker.joined(4)
  worker.silent()
  expect(isAwaited()).toBe(true)
  worker.update(pod({ state: terminated('OOMKilled', 137), isBeingDeleted: true }))

  expect(await worker.exited).toMatchObject({ reason: 'OOMKilled', exitCode: 137 })
  expect(asked.slice(1)).toEqual(['delete 1 uid-1', 'delete 0 uid-1'])
})

test('PodWorker that falls silent and only ended because it was deleted tells nothing new', async () => {
  const { worker } = start()
  worker.created(running)
  worker.joined(4)
  worker.silent()
  worker.update(pod({ state: terminated('Error', 143), isBeingDeleted: true }))

  expect(await worker.exited).toMatchObject({
    reason: 'Disconnected',
    detail: 'ran until its pod was deleted',
    exitCode: 143,
  })
})

test('PodWorker that falls silent before anybody could call it is gone at once', async () => {
  const { worker, asked, isAwaited } = start()
  worker.created(running)
  worker.silent()

  await worker.gone
  expect(asked).toEqual(['delete 0 uid-1'])
  expect(isAwaited()).toBe(false)
})

test('PodWorker that is killed is not waited for any more, although it had fallen silent', async () => {
  const { worker, asked } = start()
  worker.created(running)
  worker.joined(4)
  worker.silent()
  worker.end('kill')

  expect(await worker.exited).toMatchObject({
    reason: 'Disconnected',
    detail: 'did not tell how it ended: the pod is gone, last seen Running',
  })
  await worker.gone
  expect(asked.slice(1)).toEqual(['delete 1 uid-1', 'delete 0 uid-1'])
})

test('PodWorker that is abandoned ends as removed, and its pod is deleted', async () => {
  const { worker, asked } = start()
  worker.created(running)
  await worker.abandon()

  const expected: WorkerExit = { reason: 'Removed', blame: 'requested' }
  expect(await worker.exited).toMatchObject(expected)
  await worker.gone
  expect(asked).toContain('delete 0 uid-1')
})

test('PodWorker takes no notice of another pod of its name', async () => {
  const { worker } = start()
  worker.created(running)
  const other = pod({ state: terminated('Error', 1) })
  if (other.metadata !== undefined) other.metadata.uid = 'uid-2'
  worker.update(other)
  worker.update(pod({ state: terminated('Error', 3) }))
  expect((await worker.exited).exitCode).toBe(3)
})

test('PodWorker keeps lines that come before somebody listens', () => {
  const { worker, write } = start()
  worker.created(running)
  write('first')
  const heard: string[] = []
  worker.onLine((line) => heard.push(line))
  write('second')
  expect(heard).toEqual(['first', 'second'])
})
