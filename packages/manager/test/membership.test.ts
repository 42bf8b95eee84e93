import { expect, test } from 'vitest'
import { Membership } from '../src/membership.ts'
import { RemoteWorker } from '../src/remote-worker.ts'

const exit = { reason: 'Killed', detail: 'SIGKILL', blame: 'unknown' } as const

function createWorker(id: number): RemoteWorker {
  return new RemoteWorker({
    id,
    name: `w-${id}`,
    token: 'secret',
    silence: { heartbeatIntervalMs: 60_000, silenceLimitMs: 60_000 },
    nextRange: () => 1,
    nextId: () => 1,
    events: {
      message() {},
      posted() {},
      relay: () => false,
      threadLost() {},
      threadReady() {},
      leaving() {},
      silent() {},
      violated() {},
    },
  })
}

/** A membership with these workers, all of which have joined. */
function createMembership(...ids: number[]): { membership: Membership; changes: (readonly number[])[] } {
  const membership = new Membership()
  for (const id of ids) {
    membership.add(createWorker(id))
    membership.join(id)
  }
  const changes: (readonly number[])[] = []
  membership.onChange(() => changes.push(membership.live))
  return { membership, changes }
}

test('Membership gives ids from 2 on, and none twice', () => {
  const { membership } = createMembership()
  expect(membership.nextId).toBe(2)
  expect([membership.takeId(), membership.takeId()]).toEqual([2, 3])
  expect(membership.nextId).toBe(4)
})

test('Membership.live has the workers that joined, sorted, whatever the order', () => {
  const { membership, changes } = createMembership()
  for (const id of [2, 3, 10]) membership.add(createWorker(id))
  for (const id of [10, 2, 3]) membership.join(id)
  expect(changes).toEqual([[10], [2, 10], [2, 3, 10]])
  expect([membership.isLive(3), membership.isLive(4)]).toEqual([true, false])
})

test('Membership knows a worker that has not joined, by its id and its name, but it is not live', () => {
  const { membership } = createMembership(2)
  const joining = createWorker(3)
  membership.add(joining)
  expect(membership.live).toEqual([2])
  expect([membership.get(3), membership.named('w-3')]).toEqual([joining, joining])
  expect(membership.all.map(({ id }) => id)).toEqual([2, 3])
  expect(membership.lossOf(3)).toBeUndefined()
})

test('Membership.leave() takes a worker out of live once, and tells it once', () => {
  const { membership, changes } = createMembership(2, 3)
  membership.leave(2)
  membership.leave(2)
  membership.leave(9)
  expect(changes).toEqual([[3]])
  expect(membership.get(2)?.id).toBe(2)
})

test('Membership.lose() says how the worker ended, also when it is forgotten', () => {
  const { membership, changes } = createMembership(2, 3)
  const worker = createWorker(2)
  const loss = membership.lose(worker, exit)
  expect(loss).toMatchObject({
    workerId: 2,
    reason: 'Killed',
    message: 'Worker 2 was terminated due to: Killed (SIGKILL)',
  })
  expect(changes).toEqual([[3]])
  expect(membership.lossOf(2)).toBe(loss)
  membership.forget(worker)
  expect(membership.get(2)).toBeUndefined()
  expect(membership.named('w-2')).toBeUndefined()
  expect(membership.lossOf(2)).toBe(loss)
})

test('Membership.learn() says how a lost worker has really ended, with the same id', () => {
  const { membership } = createMembership(2)
  membership.lose(createWorker(2), { reason: 'Disconnected', blame: 'infrastructure' })
  membership.learn(2, exit)
  expect(membership.lossOf(2)).toMatchObject({ workerId: 2, reason: 'Killed' })
  membership.learn(9, exit)
  expect(() => membership.lossOf(9)).toThrow(RangeError)
})

test('Membership.removable() gives with the last live ones those whose end is still to come', () => {
  const { membership } = createMembership(2, 3, 4)
  for (const id of [2, 3]) {
    const worker = membership.get(id)
    if (worker === undefined) throw new Error(`There is no worker ${id}`)
    worker.exit = id === 2 ? { reason: 'Disconnected', blame: 'infrastructure' } : exit
    membership.lose(worker, worker.exit)
  }
  const removable = (...ids: number[]): number[] => membership.removable(ids).map(({ id }) => id)
  expect(removable(3, 3, 9)).toEqual([3])
  expect(removable(4)).toEqual([2, 4])
  membership.add(createWorker(5))
  expect(removable(4)).toEqual([4])
})

test('Membership.lossOf() has nothing to tell of the manager and of live workers', () => {
  const { membership } = createMembership(2)
  expect([membership.lossOf(1), membership.lossOf(2)]).toEqual([undefined, undefined])
})

test('Membership.lossOf() of an id that never was names it and those that are', () => {
  const { membership } = createMembership(2, 3)
  expect(() => membership.lossOf(9)).toThrow(new RangeError('No process has the id 9 (there are 1, 2, 3)'))
})

test('Membership.onChange() ends when its result is called, also while it is told', () => {
  const { membership } = createMembership()
  const told: string[] = []
  const end = membership.onChange(() => {
    told.push('first')
    end()
  })
  membership.onChange(() => told.push('second'))
  membership.join(2)
  membership.join(3)
  expect(told).toEqual(['first', 'second', 'second'])
})

test('Membership keeps logs and status of the latest losses only, and how all others ended', () => {
  const { membership } = createMembership()
  const ids = Array.from({ length: 300 }, () => membership.takeId())
  for (const id of ids) {
    const worker = createWorker(id)
    membership.add(worker)
    membership.lose(worker, { ...exit, exitCode: 137, logs: ['a line'], status: { phase: 'Failed' } })
    membership.forget(worker)
  }

  const oldest = membership.lossOf(2)
  const latest = membership.lossOf(301)
  expect(oldest).toMatchObject({ reason: 'Killed', exitCode: 137, blame: 'unknown', logs: [] })
  expect([oldest?.status, oldest?.message]).toEqual([
    undefined,
    'Worker 2 was terminated due to: Killed (SIGKILL)',
  ])
  expect(latest).toMatchObject({ logs: ['a line'], status: { phase: 'Failed' } })
})

test('Membership still knows that a worker is gone when it has forgotten how', () => {
  const { membership } = createMembership()
  const id = membership.takeId()
  expect(membership.lossOf(id)).toMatchObject({ workerId: id, reason: 'Unknown', blame: 'unknown' })
  expect(() => membership.lossOf(id + 1)).toThrow(`${id + 1}`)
})

test('Membership.formerToken() knows those that are lost, also when nothing is left of them', () => {
  const { membership } = createMembership(2, 3, 4)
  const [, lost, gone] = membership.all
  if (lost === undefined || gone === undefined) throw new Error('There are three workers')
  lost.exit = exit
  membership.lose(gone, exit)
  membership.forget(gone)

  expect(['w-2', 'w-3', 'w-4', 'w-5'].map((name) => membership.formerToken(name))).toEqual([
    undefined,
    'secret',
    'secret',
    undefined,
  ])
})
