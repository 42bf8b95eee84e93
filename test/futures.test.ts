import { type Future, remoteCall, remoteCallFetch, WorkerPool } from '@dialback/manager'
import { expect, test } from 'vitest'
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
