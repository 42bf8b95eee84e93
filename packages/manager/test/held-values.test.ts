import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Future, RemoteChannel } from '@dialback/runtime'
import { expect, test } from 'vitest'
import { InMemoryCluster, nothingLeft, settled } from './in-memory-cluster.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Sends `value` from one process to another, through a channel of `via` that both know of. */
async function send<T>(cluster: InMemoryCluster, value: T, [from, to, via]: readonly number[]): Promise<T> {
  const channel = RemoteChannel.createOver<T>(cluster.manager, { on: via ?? 1 })
  const at = channel.toHandle()
  await cluster.peer(from ?? 1).values.put(at, value)
  // The cast: a channel gives what was put.
  const taken = (await cluster.peer(to ?? 1).values.take(at)) as T
  channel.release()
  await settled()
  return taken
}

const all = [1, 2, 3]
const ways = all.flatMap((from) => all.flatMap((to) => all.map((via) => [from, to, via] as const)))

test.each(ways)(
  'a Future of %i goes to %i over a channel of %i, and nothing is left when both let go',
  async (...way) => {
    await using cluster = new InMemoryCluster(2)
    const [from, to, via] = way
    for (const owner of all) {
      const future = new Future<string>({ peer: cluster.peer(from), owner })
      const there = await send(cluster, future, [from, to, via])
      await there.put(`of ${owner}`)
      expect(await future.fetch()).toBe(`of ${owner}`)
      expect(await there.fetch()).toBe(`of ${owner}`)
      expect(there === future).toBe(from === to)
      await settled()
      // A fetch lets go.
      expect(cluster.left).toEqual(nothingLeft)
    }
  },
)

test('the value of a Future is kept while another process holds it, fetched here or released', async () => {
  await using cluster = new InMemoryCluster(2)
  const [fetched, released] = [1, 2].map(() => new Future<string>({ peer: cluster.manager, owner: 2 }))
  if (fetched === undefined || released === undefined) throw new Error('no futures')
  const there = await send(cluster, [fetched, released], [1, 3, 2])
  for (const future of [fetched, released]) await future.put('kept')
  await fetched.fetch()
  released.release()
  await settled()

  expect(cluster.left).toMatchObject({ kept: 2, held: 2 })
  expect(await Promise.all(there.map((future) => future.fetch()))).toEqual(['kept', 'kept'])
  await settled()
  expect(cluster.left).toEqual(nothingLeft)
})

test('what a process held that died is free', async () => {
  await using cluster = new InMemoryCluster(2)
  const future = new Future<string>({ peer: cluster.manager, owner: 2 })
  await future.put('kept')
  await send(cluster, future, [1, 3, 2])
  await future.fetch()
  await settled()
  expect(cluster.left).toMatchObject({ kept: 1, held: 1 })
  await cluster.workers[1]?.kill()
  expect(cluster.left).toMatchObject({ kept: 0, held: 0 })
})

test('what an owner kept that died is forgotten', async () => {
  await using cluster = new InMemoryCluster(2)
  const futures = [1, 3].map((id) => new Future<string>({ peer: cluster.peer(id), owner: 2 }))
  await futures[0]?.put('kept')
  await cluster.workers[0]?.kill()
  expect(cluster.keeping.ledger.size).toBe(0)
  for (const future of futures)
    await expect(future.fetch()).rejects.toMatchObject({ workerId: 2, reason: 'Killed' })
})

test('a Future that was dropped without a word is free once it is garbage', async () => {
  await using cluster = new InMemoryCluster(2)
  const make = async (): Promise<void> => {
    const future = new Future<string>({ peer: cluster.manager, owner: 2 })
    await future.put('kept')
    await send(cluster, future, [1, 3, 2])
  }
  await make()
  while (cluster.left['kept'] !== 0) {
    collectGarbage()
    await settled()
  }
  expect(cluster.left).toEqual(nothingLeft)
})

test('a reference within a kept value is held by that value', async () => {
  await using cluster = new InMemoryCluster(2)
  const inner = new Future<string>({ peer: cluster.manager, owner: 3 })
  const outer = new Future<Future<string>>({ peer: cluster.manager, owner: 2 })
  await inner.put('inner')
  await outer.put(inner)
  inner.release()
  await settled()
  expect(cluster.left).toMatchObject({ kept: 2, held: 2 })

  const found = await outer.fetch()
  expect(await found.fetch()).toBe('inner')
  await settled()
  expect(cluster.left).toEqual(nothingLeft)
})

test('a channel that nobody holds is dropped with all that is in it', async () => {
  await using cluster = new InMemoryCluster(2)
  const inner = new Future<string>({ peer: cluster.manager, owner: 3 })
  await inner.put('inner')
  const channel = RemoteChannel.createOver<unknown>(cluster.peer(2), { on: 3, capacity: 3 })
  const there = await send(cluster, channel, [2, 1, 3])
  await there.put(inner)
  inner.release()
  channel.release()
  await settled()
  expect(cluster.left).toMatchObject({ kept: 2 })
  there[Symbol.dispose]()
  await settled()
  expect(cluster.left).toEqual(nothingLeft)
})

test('a Future that was fetched travels with its value, whoever is dead', async () => {
  await using cluster = new InMemoryCluster(3)
  const future = new Future<{ n: number }>({ peer: cluster.manager, owner: 2 })
  await future.put({ n: 1 })
  await future.fetch()
  await cluster.workers[0]?.kill()
  const there = await send(cluster, future, [1, 4, 3])

  expect(await there.fetch()).toEqual({ n: 1 })
  expect(await there.isReady()).toBe(true)
  expect(there.owner).toBe(2)
  await expect(there.put({ n: 2 })).rejects.toThrow('Future can be set only once')
})

test('a Future whose owner is dead travels with that', async () => {
  await using cluster = new InMemoryCluster(3)
  const future = new Future<string>({ peer: cluster.manager, owner: 2 })
  await cluster.workers[0]?.kill()
  await expect(future.fetch()).rejects.toMatchObject({ workerId: 2 })
  const there = await send(cluster, future, [1, 4, 3])
  await expect(there.fetch()).rejects.toMatchObject({ name: 'WorkerTerminatedError', workerId: 2 })
})

test('of puts from all sides at once one is done, and all others fail', async () => {
  await using cluster = new InMemoryCluster(2)
  for (const owner of all) {
    const future = new Future<number>({ peer: cluster.manager, owner })
    const handles = [future, await send(cluster, future, [1, 2, 1]), await send(cluster, future, [1, 3, 1])]
    const puts = await Promise.allSettled(Array.from({ length: 99 }, (_, i) => handles[i % 3]?.put(i)))

    expect(puts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const refusals = puts.filter((put) => put.status === 'rejected').map(({ reason }) => reason as Error)
    expect(new Set(refusals.map(String))).toEqual(new Set(['FutureSetError: Future can be set only once']))
    const winner = puts.findIndex(({ status }) => status === 'fulfilled')
    for (const handle of handles) expect(await handle.fetch()).toBe(winner)
  }
})

test('puts of one process into a channel keep their order, whatever their size', async () => {
  await using cluster = new InMemoryCluster(2)
  const channel = RemoteChannel.createOver<Uint8Array>(cluster.peer(2), { on: 3, capacity: 20 })
  const sizes = [1, 3_000_000, 10, 70_000, 5, 300_000, 0, 100]
  const puts = sizes.map((size) => channel.put(new Uint8Array(size)))
  const closed = channel.close()
  const taken: number[] = []
  for await (const bytes of channel) taken.push(bytes.length)

  await Promise.all([...puts, closed])
  expect(taken).toEqual(sizes)
})
