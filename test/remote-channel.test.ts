import { writeSync } from 'node:fs'
import { threadId } from 'node:worker_threads'
import { AbortError, ChannelClosedError, myid, RemoteChannel, remoteCallFetch } from '@dialback/manager'
import { expect, test } from 'vitest'
import { processStopped } from './support/processes.ts'
import { startCluster } from './test-cluster.ts'

/** Gives what a promise rejects with. */
async function rejectionOf(promise: Promise<unknown>): Promise<Error> {
  return await promise.then(
    () => expect.fail('it resolved'),
    (error: Error) => error,
  )
}

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

test('RemoteChannel answers while the thread of its owner is in a busy loop', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const channel = cluster.remoteChannel<number>({ on: 2 })
  const busy = cluster.remoteCall(() => {
    writeSync(2, 'spinning\n')
    for (;;);
  }, 2)
  await started.logged('spinning')

  await channel.put(7)

  expect(await cluster.remoteCallFetch(async () => await channel.take(), 3)).toBe(7)
  await cluster.interrupt(2)
  await expect(busy.fetch()).rejects.toThrow(/Interrupted/)
  await channel.put(8)
  expect(await channel.take()).toBe(8)
})

test.each(['put', 'take', 'fetch', 'wait'] as const)(
  'RemoteChannel.%s() stops waiting when its signal fires',
  async (action) => {
    await using started = await startCluster(1)
    const { cluster } = started
    for (const on of [1, 2]) {
      const channel = cluster.remoteChannel<number>({ on })
      if (action === 'put') await channel.put(0)
      const controller = new AbortController()
      const { signal } = controller
      const waiting = action === 'put' ? channel.put(1, { signal }) : channel[action]({ signal })
      const rejection = rejectionOf(waiting)
      await channel.isReady()
      const reason = new Error('enough')
      controller.abort(reason)

      expect(await rejection).toBe(reason)
      if (action === 'put') await channel.take()
      await channel.put(2)
      expect(await channel.take()).toBe(2)
      expect(await rejectionOf(channel.take({ signal }))).toBe(reason)
    }
  },
)

test('RemoteChannel gives nothing to calls that were interrupted, or whose caller is gone', async () => {
  await using started = await startCluster(3)
  const { cluster } = started
  const channel = cluster.remoteChannel<string>()
  const ended = cluster.remoteChannel<string>({ capacity: 10 })
  const take = async (): Promise<string> => {
    try {
      return await channel.take()
    } catch (error) {
      await remoteCallFetch((text: string) => void ended.put(text), 1, String(error))
      throw error
    }
  }
  const interrupted = rejectionOf(cluster.remoteCallFetch(take, 2))
  const orphaned = rejectionOf(cluster.remoteCallFetch(async () => await remoteCallFetch(take, 2), 3))
  await cluster.remoteCallFetch(async () => await channel.isOpen(), 2)
  await cluster.remoteCallFetch(
    async () => void (await remoteCallFetch(async () => await channel.isOpen(), 2)),
    3,
  )

  await cluster.remoteCallFetch(() => process.kill(process.pid, 'SIGKILL'), 3).catch(() => {})
  expect(await orphaned).toMatchObject({ reason: 'Killed' })
  expect(await ended.take()).toBe('AbortError: The caller is gone')
  await cluster.interrupt(2)
  expect(await interrupted).toMatchObject({ cause: { name: 'AbortError' } })
  expect(await ended.take()).toBe('AbortError: Interrupted')
  await channel.put('for the next')

  expect(await channel.take()).toBe('for the next')
})

test('RemoteChannel whose owner dies rejects all that waits on every process, and all that comes later', async () => {
  await using started = await startCluster(3)
  const { cluster } = started
  const [empty, full] = [cluster.remoteChannel<number>({ on: 2 }), cluster.remoteChannel<number>({ on: 2 })]
  await full.put(0)
  const blocked = [
    empty.take(),
    empty.fetch(),
    full.put(1),
    cluster.remoteCallFetch(async () => await empty.take(), 3),
    cluster.remoteCallFetch(async () => void (await full.put(2)), 4),
  ].map(rejectionOf)
  await cluster.remoteCallFetch(async () => await full.isReady(), 3)
  await cluster.remoteCallFetch(async () => await full.isReady(), 4)

  await cluster.remoteCallFetch(() => process.kill(process.pid, 'SIGKILL'), 2).catch(() => {})

  const loss = { name: 'WorkerTerminatedError', workerId: 2, reason: 'Killed' }
  const rejections = await Promise.all(blocked)
  for (const rejection of rejections.slice(0, 3)) expect(rejection).toMatchObject(loss)
  for (const rejection of rejections.slice(3)) expect(rejection.cause).toMatchObject(loss)
  for (const later of [full.take(), full.put(1), full.isReady(), full.isOpen(), full.close()])
    expect(await rejectionOf(later)).toMatchObject(loss)
  const there = cluster.remoteCallFetch(async () => await full.take(), 3)
  expect(await rejectionOf(there)).toMatchObject({ cause: loss })
})

test.each([1, 2])('RemoteChannel on process %i loses nothing when a taker dies', async (on) => {
  await using started = await startCluster(3)
  const { cluster } = started
  const channel = cluster.remoteChannel<number>({ capacity: 5, on })
  const waits = cluster.remoteCall(async () => await channel.take(), 3)
  await cluster.remoteCallFetch(async () => await channel.isOpen(), 3)

  await cluster.remoteCallFetch(() => process.kill(process.pid, 'SIGKILL'), 3).catch(() => {})
  await expect(waits.fetch()).rejects.toMatchObject({ reason: 'Killed' })
  for (let i = 0; i < 5; i++) await channel.put(i)

  const taken: number[] = []
  for (let i = 0; i < 5; i++) taken.push(await channel.take())
  expect(taken).toEqual([0, 1, 2, 3, 4])
})

test('RemoteChannel gives back what a stopped taker never received', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const channel = cluster.remoteChannel<Uint8Array>({ capacity: 5, on: 2 })
  const takes = cluster.remoteCall(async () => await channel.take(), 3)
  const pid = await cluster.remoteCallFetch(async () => {
    await channel.isOpen()
    return process.pid
  }, 3)
  process.kill(pid, 'SIGSTOP')
  await processStopped(pid)
  await channel.put(new Uint8Array(3_000_000).fill(7))
  await channel.put(new Uint8Array(1).fill(8))
  process.kill(pid, 'SIGKILL')

  await expect(takes.fetch()).rejects.toMatchObject({ reason: 'Killed' })
  expect([(await channel.take())[0], (await channel.take())[0]]).toEqual([7, 8])
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

test.each([
  [{ capacity: -1 }, 'capacity must be a whole number of at least 0, or Infinity: -1'],
  [{ capacity: 1.5 }, 'capacity must be a whole number of at least 0, or Infinity: 1.5'],
  [{ capacity: Number.NaN }, 'capacity must be a whole number of at least 0, or Infinity: NaN'],
  [{ capacity: '1' }, "capacity must be a number: '1'"],
  [{ on: 0 }, 'on must be the id of a process: 0'],
  [{ on: '2' }, "on must be the id of a process: '2'"],
  [{ size: 1 }, "Unknown option of RemoteChannel.create: 'size' (known: capacity, on)"],
  [null, 'The options of RemoteChannel.create must be an object: null'],
])('RemoteChannel.create() repeats what is wrong: %o', async (options, message) => {
  await using started = await startCluster()
  expect(() => started.cluster.remoteChannel(options as object)).toThrow(message)
})

test('RemoteChannel refuses a bad signal, and what never was', async () => {
  await using started = await startCluster()
  const { cluster } = started
  const channel = cluster.remoteChannel<number>()

  expect(await rejectionOf(channel.take({ signal: 7 } as never))).toMatchObject({
    name: 'TypeError',
    message: 'signal must be an AbortSignal: 7',
  })
  expect(await rejectionOf(channel.put(1, { timeout: 7 } as never))).toMatchObject({
    message: "Unknown option of RemoteChannel.put: 'timeout' (known: signal)",
  })
  expect(await rejectionOf(cluster.remoteChannel({ on: 99 }).take())).toMatchObject({ name: 'RangeError' })
})
