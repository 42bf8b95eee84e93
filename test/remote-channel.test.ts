import { threadId } from 'node:worker_threads'
import { AbortError, ChannelClosedError, myid, RemoteChannel, remoteCallFetch } from '@dialback/manager'
import { expect, test } from 'vitest'
import { rejectionOf } from './support/rejection.ts'
import { startCluster } from './test-cluster.ts'

test.each([1, 2])(
  'RemoteChannel on process %i passes values from any process to any other, in order',
  async (on) => {
    await using started = await startCluster(3)
    const { cluster } = started
    const channel = cluster.remoteChannel<[number, number]>({ capacity: 2, on })
    const produce = async (there: typeof channel): Promise<void> => {
      for (let i = 0; i < 10; i++) await there.put([myid(), i])
    }
    const consume = async (there: typeof channel): Promise<[number, number][]> => {
      const taken: [number, number][] = []
      for (let i = 0; i < 20; i++) taken.push(await there.take())
      return taken
    }

    const producing = Promise.all([1, 2, 3].map((id) => cluster.remoteCallFetch(produce, id, channel)))
    const consumed = await cluster.remoteCallFetch(consume, 4, channel)
    const here: [number, number][] = []
    for (let i = 0; i < 10; i++) here.push(await channel.take())
    await producing

    const all = [...consumed, ...here]
    for (const id of [1, 2, 3])
      expect(all.filter(([from]) => from === id).map(([, n]) => n)).toEqual(
        Array.from({ length: 10 }, (_, i) => i),
      )
  },
)

test('RemoteChannel can be captured, awaited, and created on a worker', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const channel = await cluster.remoteCallFetch(() => RemoteChannel.create<string>({ on: 3 }), 2)

  await cluster.remoteCallFetch(async () => void (await channel.put(`from ${myid()}`)), 2)

  expect(channel.owner).toBe(3)
  expect(await channel.take()).toBe('from 2')
})

test('RemoteChannel of capacity 0 lets a put wait until its value was taken', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const channel = cluster.remoteChannel<string>({ capacity: 0, on: 2 })
  const events: string[] = []
  const put = channel.put('a').then(() => events.push('put'))
  expect(await channel.isReady()).toBe(true)
  expect(events).toEqual([])

  expect(await cluster.remoteCallFetch(async () => await channel.take(), 3)).toBe('a')
  await put

  expect(await channel.isReady()).toBe(false)
})

test('RemoteChannel makes a producer on another process wait', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const channel = cluster.remoteChannel<number>({ capacity: 3, on: 2 })
  const progress = cluster.remoteChannel<number>({ capacity: Number.POSITIVE_INFINITY })

  cluster.remoteDo(async () => {
    for (let i = 0; i < 10; i++) {
      await channel.put(i)
      await progress.put(i)
    }
  }, 3)
  for (let i = 0; i < 3; i++) expect(await progress.take()).toBe(i)
  // The owner has answered whoever asked before: the fourth put waits.
  await cluster.remoteCallFetch(async () => void (await channel.isReady()), 3)
  expect(await progress.isReady()).toBe(false)
  expect(await channel.take()).toBe(0)
  expect(await progress.take()).toBe(3)
})

test('RemoteChannel.close() lets what is in it be taken, ends loops, and refuses the rest', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const channel = cluster.remoteChannel<number>({ capacity: 2, on: 2 })
  const reading = cluster.remoteCallFetch(async () => {
    const seen: number[] = []
    for await (const value of channel) seen.push(value)
    return seen
  }, 3)
  for (let i = 0; i < 5; i++) await channel.put(i)
  await channel.close()

  expect(await channel.isOpen()).toBe(false)
  expect(await reading).toEqual([0, 1, 2, 3, 4])
  expect(await rejectionOf(channel.take())).toBeInstanceOf(ChannelClosedError)
  expect(await rejectionOf(channel.fetch())).toMatchObject({ code: 'CHANNEL_CLOSED' })
  expect(await rejectionOf(channel.put(5))).toMatchObject({
    message: 'Cannot put into a channel that is closed',
    name: 'ChannelClosedError',
  })
  await channel.close()
})

test('RemoteChannel.fetch() gives the first value again and again', async () => {
  await using started = await startCluster(1)
  const channel = started.cluster.remoteChannel<{ n: number }>({ on: 2 })
  await channel.put({ n: 1 })

  expect([await channel.fetch(), await channel.fetch(), await channel.take()]).toEqual([
    { n: 1 },
    { n: 1 },
    { n: 1 },
  ])
})

test('RemoteChannel gives its owner the same objects, and all others copies', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const own = cluster.remoteChannel<{ n: number }>({ capacity: 3 })
  const value = { n: 1 }
  await own.put(value)
  await own.put(value)
  value.n = 2

  expect(await own.take()).toBe(value)
  expect(await cluster.remoteCallFetch(async () => await own.take(), 2)).toEqual({ n: 2 })
  const onWorker = async (): Promise<unknown[]> => {
    const channel = RemoteChannel.create<object>({ capacity: 3 })
    const given = { n: 1, promise: [Promise.resolve()] }
    await channel.put(given)
    given.n = 2
    const isSame = (await channel.fetch()) === given && (await channel.take()) === given
    await channel.put({ n: 3 })
    return [isSame, await remoteCallFetch(async () => await channel.take(), 3)]
  }
  expect(await cluster.remoteCallFetch(onWorker, 2)).toEqual([true, { n: 3 }])
})

test('RemoteChannel gives another thread of its owner a copy', async () => {
  await using started = await startCluster(1, { threads: 2 })
  const { cluster } = started
  const channel = cluster.remoteChannel<{ n: number }>({ on: 2, capacity: 4 })
  const take = async (): Promise<string> => `${threadId}: ${(await channel.take()).n}`

  const putters = await Promise.all(
    [1, 2, 3, 4].map((n) =>
      cluster.remoteCallFetch(async () => {
        await channel.put({ n })
        return threadId
      }, 2),
    ),
  )
  const takers = await Promise.all([1, 2, 3, 4].map(() => cluster.remoteCallFetch(take, 2)))

  expect(new Set(putters).size).toBe(2)
  expect(takers.map((line) => line.at(-1)).toSorted()).toEqual(['1', '2', '3', '4'])
  expect(await channel.isReady()).toBe(false)
})

test('RemoteChannel carries functions of modules, futures and other channels', async () => {
  await using started = await startCluster(3)
  const { cluster } = started
  const channel = cluster.remoteChannel<unknown>({ capacity: 5, on: 2 })
  const future = cluster.remoteCall(() => 'a value', 2)
  const replies = cluster.remoteChannel<string>()

  await channel.put({ make: (n: number) => new AbortError(String(n)), future, replies })
  const answered = await cluster.remoteCallFetch(async () => {
    const given = (await channel.take()) as {
      make: (n: number) => Error
      future: typeof future
      replies: typeof replies
    }
    await given.replies.put(await given.future.fetch())
    return given.make(7)
  }, 4)

  expect(answered).toMatchObject({ name: 'AbortError', message: '7' })
  expect(await replies.take()).toBe('a value')
})

test('RemoteChannel on the manager keeps a value that cannot travel for itself', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const channel = cluster.remoteChannel<unknown>()
  const value = { map: new WeakMap() }
  await channel.put(value)

  await expect(cluster.remoteCallFetch(async () => await channel.take(), 2)).rejects.toThrow(/WeakMap/)
  expect(await channel.take()).toBe(value)
  await expect(cluster.remoteChannel({ on: 2 }).put(value)).rejects.toThrow(
    'Cannot send value › .map: WeakMap',
  )
})
