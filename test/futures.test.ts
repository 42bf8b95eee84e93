import { writeSync } from 'node:fs'
import {
  Future,
  FutureSetError,
  myid,
  remoteCall,
  remoteCallFetch,
  remoteCallWait,
  SerializationError,
  WorkerPool,
} from '@dialback/manager'
import { expect, test } from 'vitest'
import { notesSoFar } from './fixtures/notes.ts'
import { startCluster } from './test-cluster.ts'

test('Future.fetch() gives the value again after its owner has died', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const future = cluster.remoteCall(() => ({ n: 1 }), 2)

  const value = await future.fetch()
  await cluster.rmProcs(2)

  expect(value).toEqual({ n: 1 })
  expect(await future.fetch()).toBe(value)
  expect(await future.wait()).toBe(future)
  expect(await future.isReady()).toBe(true)
})

test('Future.fetch() gives the same rejection again after its owner has died', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const future = cluster.remoteCall(() => {
    throw new TypeError('once')
  }, 2)

  const first = await future.fetch().catch((error: unknown) => error)
  await cluster.rmProcs(2)
  const second = await future.fetch().catch((error: unknown) => error)

  expect(first).toMatchObject({ name: 'RemoteError', message: 'On worker 2: TypeError: once' })
  expect(second).toBe(first)
  await expect(future.wait()).rejects.toBe(first)
})

test('Future.fetch() rejects with the loss of the owner when the value was never fetched', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const waited = await cluster.remoteCallWait(() => 'kept there', 2)
  const unfinished = cluster.remoteCall(() => new Promise(() => {}), 2)
  const blocked = expect(unfinished.fetch()).rejects.toMatchObject({ workerId: 2, reason: 'Killed' })

  await cluster.remoteCallFetch(() => process.kill(process.pid, 'SIGKILL'), 2).catch(() => {})

  await blocked
  await expect(waited.fetch()).rejects.toMatchObject({
    name: 'WorkerTerminatedError',
    workerId: 2,
    reason: 'Killed',
  })
  await expect(unfinished.wait()).rejects.toMatchObject({ workerId: 2, reason: 'Killed' })
})

test('Future.wait() waits for the value without moving it', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const future = cluster.remoteCall(() => new Uint8Array(64 * 2 ** 20), 2)
  const before = process.memoryUsage().arrayBuffers

  expect(await future.wait()).toBe(future)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20)
  expect((await future.fetch()).byteLength).toBe(64 * 2 ** 20)
})

test('Future.isReady() tells whether the call has ended, be it by failing', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const never = cluster.remoteCall(() => new Promise(() => {}), 2)
  const done = cluster.remoteCall(() => 1, 2)
  const failed = cluster.remoteCall(() => Promise.reject(new Error('no')), 2)

  await done.wait()
  await failed.wait().catch(() => {})

  expect([await never.isReady(), await done.isReady(), await failed.isReady()]).toEqual([false, true, true])
})

test('Future is not thenable, and knows its owner', async () => {
  await using started = await startCluster(1)
  const future = started.cluster.remoteCall(() => 1, 2)

  expect('then' in future).toBe(false)
  expect(await future).toBe(future)
  expect(future.owner).toBe(2)
})

test('Future.fetch() gives null and undefined like any other value', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const futures = [cluster.remoteCall(() => null, 2), cluster.remoteCall(() => undefined, 2)]

  expect(await Promise.all(futures.map((future) => future.fetch()))).toEqual([null, undefined])
  expect(await Promise.all(futures.map((future) => future.isReady()))).toEqual([true, true])
})

test('a value that is itself an error is a value', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const returnError = async (): Promise<unknown> =>
    await remoteCallFetch(() => Promise.reject(new Error('x')), 2).catch((error: unknown) => error)

  expect(await cluster.remoteCallFetch(returnError, 2)).toMatchObject({ name: 'RemoteError', workerId: 2 })
  expect(await cluster.remoteCall(returnError, 2).fetch()).toMatchObject({ name: 'RemoteError', workerId: 2 })
})

test('a Future of the own process gives the same object, and rejects like any other', async () => {
  await using started = await startCluster()
  const { cluster } = started
  const value = {}

  expect(await cluster.remoteCall(() => value, 1).fetch()).toBe(value)
  const failed = cluster.remoteCall(() => Promise.reject(new TypeError('own')), 1)
  await expect(failed.fetch()).rejects.toThrow('On worker 1: TypeError: own')
  await expect(failed.fetch()).rejects.toThrow('On worker 1: TypeError: own')
})

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

test('a failure that nobody fetches is no unhandled rejection, here or on a worker', async () => {
  await using started = await startCluster(1)
  const { cluster, output } = started
  const unhandled: unknown[] = []
  const listen = (error: unknown): void => void unhandled.push(error)
  process.on('unhandledRejection', listen)

  void cluster.remoteCall(() => Promise.reject(new Error('nobody asks')), 2)
  void cluster.remoteCall(() => 0, 99)
  void cluster.remoteCall(() => Promise.reject(new Error('nobody asks here')), 1)
  await cluster.remoteCallFetch(
    () => void remoteCall(() => Promise.reject(new Error('nobody asks there')), 2),
    2,
  )
  await cluster.remoteCallFetch(() => new Promise((resolve) => setTimeout(resolve, 200)), 2)
  process.off('unhandledRejection', listen)

  expect(unhandled).toEqual([])
  expect(output).toEqual([])
  expect(cluster.workers()).toEqual([2])
})

test('Future.release() and fetch() free what the owner kept', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const make = (): Uint8Array => new Uint8Array(32 * 2 ** 20).fill(1)
  const heldBy = async (): Promise<number> => await cluster.remoteCallFetch(memoryHeld, 2)
  const before = await heldBy()

  for (let i = 0; i < 6; i++) {
    const fetched = cluster.remoteCall(make, 2)
    await fetched.fetch()
    const released = await cluster.remoteCallWait(make, 2)
    released.release()
  }

  expect(((await heldBy()) - before) / 2 ** 20).toBeLessThan(100)
})

test('new Future() takes one value, from whatever process, and shows it to all', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  for (const owner of [1, 2]) {
    const future = cluster.future<string>(owner)
    expect([future.owner, await future.isReady()]).toEqual([owner, false])
    const put = async (): Promise<boolean> => {
      return await future.put(`from ${myid()}`).then(
        () => true,
        (error: unknown) => !(error instanceof FutureSetError),
      )
    }

    const puts = await Promise.all([1, 2, 3].map((id) => cluster.remoteCallFetch(put, id)))

    expect(puts.filter(Boolean)).toHaveLength(1)
    const value = `from ${puts.indexOf(true) + 1}`
    expect(await future.isReady()).toBe(true)
    expect(await future.fetch()).toBe(value)
    expect(await cluster.remoteCallFetch(async () => await future.fetch(), 3)).toBe(value)
    await expect(future.put('late')).rejects.toMatchObject({
      name: 'FutureSetError',
      code: 'FUTURE_SET',
      message: 'Future can be set only once',
    })
  }
})

test('new Future() can be made on a worker, whose own value is the same object there', async () => {
  await using started = await startCluster(2)
  const { cluster } = started

  const isSame = await cluster.remoteCallFetch(async () => {
    const value = { run: () => 1, promise: Promise.resolve() }
    const future = new Future<typeof value>()
    await future.put(value)
    return (await future.fetch()) === value
  }, 2)
  const made = await cluster.remoteCallFetch(() => new Future<number>(3), 2)
  await made.put(7)

  expect(isSame).toBe(true)
  expect([made.owner, await made.fetch()]).toEqual([3, 7])
  expect(() => cluster.future(0)).toThrow('A Future belongs to the id of a process: 0')
  await expect(cluster.future(99).fetch()).rejects.toThrow(/99/)
})

test('put() into the Future of a call fails, here and where it was sent', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const message = 'Future can be set only once, and this one by its call'
  const futures = [1, 2].map((id) => cluster.remoteCall(() => 1, id))

  for (const future of futures) {
    await expect(future.put(2)).rejects.toThrow(message)
    const there = cluster.remoteCallFetch(async () => void (await future.put(2)), 3)
    await expect(there).rejects.toThrow(message)
    expect(await future.fetch()).toBe(1)
  }
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

test('all that waits for an open Future rejects on every process when its owner dies', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const future = cluster.future<string>(2)
  const blocked = [
    future.fetch(),
    future.wait(),
    cluster.remoteCallFetch(async () => await future.fetch(), 3),
  ].map((promise) => promise.catch((error: unknown) => error))
  await cluster.remoteCallFetch(async () => await future.isReady(), 3)

  await cluster.remoteCallFetch(() => process.kill(process.pid, 'SIGKILL'), 2).catch(() => {})

  const loss = { name: 'WorkerTerminatedError', workerId: 2, reason: 'Killed' }
  const [fetched, waited, there] = await Promise.all(blocked)
  expect([fetched, waited]).toMatchObject([loss, loss])
  expect(there).toMatchObject({ workerId: 3, cause: loss })
  await expect(future.put('late')).rejects.toMatchObject(loss)
  await expect(cluster.future(2).isReady()).rejects.toMatchObject(loss)
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

test('a Future that was released cannot be used here any more, but elsewhere', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const future = await cluster.remoteCallWait(() => 'kept', 2)
  const letters = cluster.remoteChannel<Future<string>>()
  await letters.put(future)
  const reading = cluster.remoteCallFetch(async () => {
    const there = await letters.take()
    return await there.fetch()
  }, 3)
  expect(await reading).toBe('kept')
  future.release()

  for (const use of [future.fetch(), future.wait(), future.isReady()])
    await expect(use).rejects.toThrow('Cannot use a Future that was released')
  await expect(letters.put(future)).resolves.toBe(letters)
  await expect(cluster.remoteCallFetch(async () => await letters.take(), 3)).rejects.toThrow(
    'Cannot send a Future that was released',
  )
})

async function memoryHeld(): Promise<number> {
  const v8 = await import('node:v8')
  const vm = await import('node:vm')
  v8.setFlagsFromString('--expose-gc')
  const gc = vm.runInNewContext('gc') as () => void
  // Messages between threads are freed in later turns.
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    gc()
  }
  return process.memoryUsage().rss
}

test('Future.fetch() gives the value also when the future is released before that is made', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const pool = new WorkerPool([2], cluster.peer)
  const releasing = (target: number | WorkerPool): Promise<number> => {
    using future = cluster.remoteCall(async () => await Promise.resolve(5), target)
    // The block ends first.
    return future.fetch()
  }

  expect(await releasing(2)).toBe(5)
  expect(await releasing(pool)).toBe(5)
  expect(await releasing(1)).toBe(5)
})

test('Future.fetch() of a reference gives the value also when that is released, and its maker has dropped it', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const { promise, resolve } = Promise.withResolvers<number>()
  const future = cluster.remoteCall(async () => await promise, 1)

  const fetched = cluster.remoteCallFetch(
    async (reference: typeof future) => {
      const value = reference.fetch()
      reference.release()
      return await value
    },
    2,
    future,
  )
  // Is answered after what was asked before.
  await cluster.remoteCallFetch(() => {}, 2)
  future.release()
  resolve(6)

  expect(await fetched).toBe(6)
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
