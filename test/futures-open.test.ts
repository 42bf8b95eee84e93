import { Future, FutureSetError, myid } from '@dialback/manager'
import { expect, test } from 'vitest'
import { startCluster } from './test-cluster.ts'

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
