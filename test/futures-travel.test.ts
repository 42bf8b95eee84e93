import { writeSync } from 'node:fs'
import { Future, myid, remoteCall, remoteCallWait, SerializationError } from '@dialback/manager'
import { expect, test } from 'vitest'
import { notesSoFar } from './fixtures/notes.ts'
import { startCluster } from './test-cluster.ts'

test('a Future that travels is a reference: its value goes from owner to reader', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const future = cluster.remoteCall(() => 'from two', 2)

  const read = await cluster.remoteCallFetch(
    async (there: Future<string>) => [there.owner, await there.fetch()],
    3,
    future,
  )

  expect(read).toEqual([2, 'from two'])
})

test('a Future that travels before its value is made can be waited for there', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const slow = cluster.remoteCall(() => new Promise<string>((resolve) => setTimeout(resolve, 500, 'late')), 2)
  const failing = cluster.remoteCall(
    () => new Promise<string>((_, reject) => setTimeout(reject, 500, new RangeError('late'))),
    2,
  )
  const read = async (there: Future<string>): Promise<string> => await there.fetch()

  const reads = await Promise.allSettled([
    cluster.remoteCallFetch(read, 3, slow),
    cluster.remoteCallFetch(read, 3, failing),
  ])

  expect(reads).toMatchObject([
    { value: 'late' },
    { reason: { message: 'On worker 3: On worker 2: RangeError: late' } },
  ])
})

test('a Future of the manager can be fetched on a worker', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const future = cluster.remoteCall(
    () => new Promise<string>((resolve) => setTimeout(resolve, 100, 'mine')),
    1,
  )

  expect(await cluster.remoteCallFetch(async (there: Future<string>) => await there.fetch(), 2, future)).toBe(
    'mine',
  )
})

test('a Future that a worker made and returned can be fetched here', async () => {
  await using started = await startCluster(2)
  const { cluster } = started

  const own = await cluster.remoteCallFetch(() => remoteCallWait(() => 'own', 2), 2)
  const other = await cluster.remoteCallFetch(() => remoteCall(() => 'other', 3), 2)

  expect(await Promise.all([own.fetch(), other.fetch()])).toEqual(['own', 'other'])
})

test('a Future that was fetched here can still be fetched by whoever got it before', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const future = await cluster.remoteCallWait(() => 'shared', 2)
  await cluster.remoteCallFetch(
    (there: Future<string>) => void Reflect.set(globalThis, 'held', there),
    3,
    future,
  )

  const here = await future.fetch()
  const there = await cluster.remoteCallFetch(
    async () => await (Reflect.get(globalThis, 'held') as Future<string>).fetch(),
    3,
  )

  expect([here, there]).toEqual(['shared', 'shared'])
})

test('a Future whose owner dies while another worker waits for it rejects there', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const future = cluster.remoteCall(() => new Promise<string>(() => {}), 2)
  const read = cluster.remoteCallFetch(async (there: Future<string>) => await there.fetch(), 3, future)
  const rejection = expect(read).rejects.toThrow(
    'On worker 3: WorkerTerminatedError: Worker 2 was terminated due to: Killed',
  )
  await cluster.remoteCallFetch(() => 0, 3)

  await cluster.remoteCallFetch(() => process.kill(process.pid, 'SIGKILL'), 2).catch(() => {})

  await rejection
})

test('a Future whose call is interrupted rejects for another worker that waits for it', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const future = cluster.remoteCall(() => {
    writeSync(2, 'spinning\n')
    for (;;);
  }, 2)
  const read = cluster.remoteCallFetch(async (there: Future<never>) => await there.fetch(), 3, future)
  const rejections = Promise.all([
    expect(read).rejects.toThrow(/Interrupted/),
    expect(future.fetch()).rejects.toThrow(/Interrupted/),
  ])
  await Promise.all([started.logged('2: spinning'), cluster.remoteCallFetch(() => 0, 3)])

  await cluster.interrupt(2)

  await rejections
})

test('a Future that was fetched, or rejected, goes on with that to others when its owner is dead', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const value = cluster.remoteCall(() => new Map([['a', [1]]]), 2)
  const failure = cluster.remoteCall(() => Promise.reject(new RangeError('no')), 2)
  await value.fetch()
  await failure.fetch().catch(() => {})
  await cluster.rmProcs(2)

  const read = async (): Promise<unknown[]> => [
    await value.fetch(),
    await failure.fetch().catch((error: unknown) => error),
    await failure.isReady(),
  ]

  expect(await cluster.remoteCallFetch(read, 3)).toMatchObject([
    new Map([['a', [1]]]),
    { name: 'RemoteError', message: 'On worker 2: RangeError: no', workerId: 2 },
    true,
  ])
})

test('a Future whose call was lost with its thread rejects also for who asks later', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const spin = (): never => {
    writeSync(2, 'spinning\n')
    for (;;);
  }
  const mine = cluster.remoteCall(spin, 2)
  const letters = cluster.remoteChannel<Future<never>>({ capacity: 2 })
  await letters.put(mine)
  await started.logged('spinning')
  await cluster.interrupt(2)
  await expect(mine.wait()).rejects.toThrow(/Interrupted/)

  const later = cluster.remoteCallFetch(async () => await (await letters.take()).fetch(), 3)

  await expect(later).rejects.toThrow(/On worker 3: On worker 2: AbortError: Interrupted/)
})

test('the Future of a call to a pool can be sent before the pool has given a worker', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const pool = cluster.defaultWorkerPool()
  const busy = [await pool.take(), await pool.take()]
  const future = cluster.remoteCall(() => `on ${myid()}`, pool)
  const read = cluster.remoteCallFetch(async () => await future.fetch(), 3)
  expect(future.owner).toBe(0)
  for (const id of busy) pool.put(id)

  expect(await read).toBe(await future.fetch())
})

test('a function of a module is fetched by a process that was never sent that module', async () => {
  await using started = await startCluster(3)
  const { cluster } = started
  const kept = await cluster.remoteCallWait(() => [notesSoFar], 2)

  const noted = await cluster.remoteCallFetch(async () => {
    const [notes] = await kept.fetch()
    return notes?.()
  }, 4)

  expect(noted).toEqual([])
})

test('a Future or RemoteChannel of another cluster is refused, unless it was fetched', async () => {
  await using here = await startCluster(1)
  await using there = await startCluster(1)
  const future = await here.cluster.remoteCallWait(() => 'made', 2)
  const send = async (value: unknown): Promise<unknown> =>
    await there.cluster.remoteCallFetch(
      async (given: unknown) => await (given as Future<unknown>).fetch(),
      2,
      value,
    )

  await expect(send(future)).rejects.toThrow('Cannot send argument 1: Future of another cluster')
  await expect(send(here.cluster.remoteChannel())).rejects.toThrow('RemoteChannel of another cluster')
  await future.fetch()
  expect(await send(future)).toBe('made')
})

test('more futures than one message can have are refused, in both directions, and do no harm', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const make = (count: number): Future<number>[] => Array.from({ length: count }, () => new Future<number>())
  const refusal = '65537 futures and channels, of which at most 65536 can travel at once'

  const futures = Array.from({ length: 65_537 }, () => cluster.future<number>())
  await expect(cluster.remoteCallFetch((list: unknown[]) => list.length, 2, futures)).rejects.toThrow(
    new SerializationError('the arguments', refusal),
  )
  await expect(cluster.remoteCallFetch(make, 2, 65_537)).rejects.toThrow(
    new SerializationError('result', refusal),
  )
  expect(await cluster.remoteCallFetch(make, 2, 65_536)).toHaveLength(65_536)
})
