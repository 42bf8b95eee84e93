import type { V1Job, V1OwnerReference, V1Pod, V1Secret } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { type ClusterObjects, leftovers, managerPods } from '../src/kubernetes/leftovers.ts'

const now = Date.parse('2026-11-25T12:00:00Z')
const recently = '2026-11-25T11:59:00Z'
const longAgo = '2026-11-25T11:00:00Z'

interface Parts {
  readonly owner?: V1OwnerReference
  readonly session?: string
  readonly phase?: string
  readonly createdAt?: string
  readonly isBeingDeleted?: boolean
}

function object(
  name: string,
  { owner, session = 's', phase, createdAt = recently, isBeingDeleted }: Parts,
): unknown {
  return {
    metadata: {
      name,
      namespace: 'team',
      uid: `uid-${name}`,
      labels: { 'dialback.dev/session': session },
      // As JSON brings it: a text.
      creationTimestamp: createdAt,
      ...(owner && { ownerReferences: [owner] }),
      ...(isBeingDeleted && { deletionTimestamp: recently }),
    },
    status: { phase },
  }
}

const pod = (name: string, parts: Parts = {}): V1Pod => object(name, { phase: 'Running', ...parts }) as V1Pod
const secret = (name: string, parts: Parts = {}): V1Secret => object(name, parts) as V1Secret

function job(name: string, ...conditions: readonly string[]): V1Job {
  const status = { conditions: conditions.map((type) => ({ type, status: 'True' })) }
  return Object.assign(object(name, {}) as V1Job, { status })
}

const by = (kind: string, name: string): V1OwnerReference => ({
  apiVersion: 'v1',
  kind,
  name,
  uid: `uid-${name}`,
})
const none: ClusterObjects = {
  jobs: [],
  submissions: [],
  pods: [],
  relayPods: [],
  secrets: [],
  managers: new Map(),
  now,
}
const brief = (objects: Partial<ClusterObjects>): string[] =>
  leftovers({ ...none, ...objects }).map(({ kind, name, why }) => `${kind} ${name}: ${why}`)

test('leftovers() finds what the Job of a relay owned that has ended', () => {
  for (const condition of ['Complete', 'Failed']) {
    expect(
      brief({
        jobs: [job('relay', condition)],
        pods: [pod('w', { owner: by('Job', 'relay') })],
        secrets: [secret('t', { owner: by('Job', 'relay') })],
      }),
    ).toEqual([
      'Job relay: its relay has ended',
      'Pod w: the relay of its manager, Job relay, has ended',
      'Secret t: the relay of its manager, Job relay, has ended',
    ])
  }
})

test.each([
  [
    'has ended',
    0,
    ['Job relay: its relay has ended', 'Pod w: the relay of its manager, Job relay, has ended'],
  ],
  ['was killed, and is replaced', 137, []],
])(
  'leftovers() looks at the relay, not at what the cluster has added to its pod: one that %s',
  (_, exitCode, expected) => {
    const containerStatuses = [
      { name: 'sidecar', state: { running: {} } },
      { name: 'relay', state: { terminated: { exitCode } } },
    ]
    const relayPod = Object.assign(pod('r', { owner: by('Job', 'relay') }), { status: { containerStatuses } })
    const pods = [pod('w', { owner: by('Job', 'relay') })]
    expect(brief({ jobs: [job('relay')], relayPods: [relayPod as V1Pod], pods })).toEqual(expected)
  },
)

test('leftovers() finds the Job of a relay that never got its Secret, once that can no longer come', () => {
  const begun = (name: string, parts: Parts, status: object = {}): V1Job =>
    Object.assign(object(name, { session: name, ...parts }) as V1Job, { status })
  expect(
    brief({
      jobs: [
        begun('killed', { createdAt: longAgo }),
        begun('new', {}),
        begun('whole', { createdAt: longAgo }),
        begun('unseen', { createdAt: longAgo }, { ready: 1 }),
      ],
      secrets: [secret('whole', { session: 'whole', owner: by('Job', 'whole') })],
    }),
  ).toEqual(['Job killed: its relay never started, for want of its Secret'])
})

test('leftovers() finds a submitted Job that nobody is making any more, and no other that is suspended', () => {
  const submission = (name: string, suspend: boolean, until?: string): V1Job => {
    const annotations = until === undefined ? {} : { 'dialback.dev/unfinished-until': until }
    return Object.assign(job(name), { spec: { suspend } }, { metadata: { name, annotations } })
  }
  const submissions = [
    submission('killed', true, '2026-11-25T11:59:59Z'),
    submission('being-made', true, '2026-11-25T12:00:01Z'),
    submission('suspended-by-its-user', true),
    submission('runs', false),
    submission('odd', true, 'some day'),
  ]
  expect(brief({ submissions })).toEqual(['Job killed: dialback submit was ended while it was making it'])
})

test('leftovers() leaves alone what belongs to a living manager', () => {
  const managers = new Map([['uid-m', pod('m')]])
  expect(
    brief({
      jobs: [job('relay', 'SuccessCriteriaMet')],
      pods: [
        pod('w', { owner: by('Job', 'relay') }),
        pod('v', { owner: by('Pod', 'm'), phase: 'Failed' }),
        pod('free'),
      ],
      secrets: [secret('t', { owner: by('Pod', 'm') }), secret('u', { session: 'new' })],
      managers,
    }),
  ).toEqual([])
})

test('leftovers() finds what a manager in the cluster owned that has ended or is gone', () => {
  const managers = new Map([['uid-ended', pod('ended', { phase: 'Succeeded' })]])
  expect(
    brief({
      pods: [pod('w', { owner: by('Pod', 'ended') }), pod('v', { owner: by('Pod', 'gone') })],
      secrets: [secret('t', { owner: by('Job', 'gone') })],
      managers,
    }),
  ).toEqual([
    'Pod w: its manager, pod ended, has ended',
    'Pod v: its manager, pod gone, is gone',
    'Secret t: its owner, Job gone, is gone',
  ])
})

test('leftovers() finds what nobody owns once it is of no use', () => {
  expect(
    brief({
      pods: [pod('ended', { phase: 'Failed', session: 'a' })],
      secrets: [
        secret('of-a', { session: 'a', createdAt: longAgo }),
        secret('old', { session: 'b', createdAt: longAgo }),
        secret('new', { session: 'b' }),
      ],
    }),
  ).toEqual([
    'Pod ended: it has ended, and nothing owns it',
    'Secret old: nothing owns it, and no pod uses it',
  ])
})

test('leftovers() leaves alone what is being deleted, and what somebody else made its owner', () => {
  expect(
    brief({
      pods: [
        pod('going', { owner: by('Pod', 'gone'), isBeingDeleted: true }),
        pod('theirs', { owner: by('StatefulSet', 'x') }),
      ],
    }),
  ).toEqual([])
})

test('leftovers() tells of each what is needed to remove this very object', () => {
  expect(leftovers({ ...none, jobs: [job('relay', 'Complete')] })).toEqual([
    {
      kind: 'Job',
      namespace: 'team',
      name: 'relay',
      uid: 'uid-relay',
      session: 's',
      why: 'its relay has ended',
      createdAt: recently,
    },
  ])
})

test('managerPods() names each pod that owns something once', () => {
  expect(
    managerPods([
      pod('w', { owner: by('Pod', 'm') }),
      secret('t', { owner: by('Pod', 'm') }),
      pod('v', { owner: by('Job', 'relay') }),
      pod('free'),
    ]),
  ).toEqual([{ namespace: 'team', name: 'm' }])
})

test('leftovers() finds the Job of a relay that never started, once its manager has given up', () => {
  const pending = { containerStatuses: [{ state: { waiting: { reason: 'ImagePullBackOff' } } }] }
  const running = { containerStatuses: [{ state: { running: {} } }] }
  const until = (time: string, status: object = {}): V1Job =>
    Object.assign(job('relay'), {
      metadata: {
        name: 'relay',
        namespace: 'team',
        uid: 'uid-relay',
        labels: { 'dialback.dev/session': 's' },
        annotations: { 'dialback.dev/starts-until': time },
      },
      status,
    })
  const relayPod = (status: object): V1Pod =>
    Object.assign(pod('relay-pod', { owner: by('Job', 'relay') }), { status })
  const found = ['Job relay: its relay never started']
  const secrets = [secret('relay', { owner: by('Job', 'relay') })]

  expect(brief({ jobs: [until(longAgo)], relayPods: [relayPod(pending)], secrets })).toEqual(found)
  expect(brief({ jobs: [until(longAgo)], secrets })).toEqual(found)
  const notYet = '2026-11-25T12:00:01Z'
  expect(brief({ jobs: [until(notYet)], relayPods: [relayPod(pending)], secrets })).toEqual([])
  expect(brief({ jobs: [job('relay')], relayPods: [relayPod(pending)], secrets })).toEqual([])
  // It runs, it is replaced, its node is silent, or workers do without it.
  expect(brief({ jobs: [until(longAgo, { ready: 1 })], relayPods: [relayPod(running)], secrets })).toEqual([])
  expect(brief({ jobs: [until(longAgo, { failed: 1 })], relayPods: [relayPod(pending)], secrets })).toEqual(
    [],
  )
  expect(brief({ jobs: [until(longAgo)], relayPods: [relayPod(running)], secrets })).toEqual([])
  const worker = pod('w', { owner: by('Job', 'relay') })
  expect(brief({ jobs: [until(longAgo)], relayPods: [relayPod(pending)], pods: [worker], secrets })).toEqual(
    [],
  )
})
