/** What a function captured is in each call as it was when that was made, whatever earlier calls changed there. */

import { CachingPool, myid, pmap, RemoteChannel, remoteCallFetch, WorkerPool } from '@dialback/manager'
import { expect, test } from 'vitest'
import { note } from './fixtures/notes.ts'
import { startCluster } from './test-cluster.ts'

test('remoteCall() of one function starts from what it captured each time, one after another and at the same time', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  let count = 0
  const seen = new Map([['calls', 0]])
  const next = async (): Promise<number[]> => {
    count += 1
    seen.set('calls', (seen.get('calls') ?? 0) + 1)
    await Promise.resolve()
    return [count, seen.get('calls') ?? 0]
  }

  expect(await cluster.remoteCallFetch(next, 2)).toEqual([1, 1])
  expect(await cluster.remoteCallFetch(next, 2)).toEqual([1, 1])
  const together = [1, 2, 3].map(async () => await cluster.remoteCallFetch(next, 2))
  expect(await Promise.all(together)).toEqual([
    [1, 1],
    [1, 1],
    [1, 1],
  ])
  count = 5
  expect(await cluster.remoteCallFetch(next, 2)).toEqual([6, 1])
  expect(count).toBe(5)
})

test.each([
  ['kept at the worker', 2 ** 20],
  ['sent again', 2 ** 22 + 1],
])('remoteCall() starts from the array that the function captured, %s', async (_title, length) => {
  await using started = await startCluster(1)
  const { cluster } = started
  const captured = new Float64Array(length)
  const add = (): number => {
    captured[0] = (captured[0] ?? 0) + 1
    return captured[0]
  }

  for (let n = 0; n < 3; n++) expect(await cluster.remoteCallFetch(add, 2)).toBe(1)
})

test('remoteDo() starts from what was captured beside a channel, in the order of the calls', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const channel = RemoteChannel.createOver<number>(cluster.peer, { capacity: 10 })
  let count = 0
  const send = async (n: number): Promise<void> => {
    count += 1
    await channel.put(10 * n + count)
  }

  for (const n of [1, 2, 3]) cluster.remoteDo(send, 2, n)

  expect([await channel.take(), await channel.take(), await channel.take()]).toEqual([11, 21, 31])
})

test('remoteDo() starts from what was captured beside a channel, also in calls that wait for a module', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const channel = RemoteChannel.createOver<number>(cluster.peer, { capacity: 10 })
  let count = 0
  const send = async (n: number): Promise<void> => {
    count += 1
    note(n)
    await channel.put(10 * n + count)
  }

  for (const n of [1, 2, 3]) cluster.remoteDo(send, 2, n)

  expect([await channel.take(), await channel.take(), await channel.take()]).toEqual([11, 21, 31])
})

test.each([1, 3, 'auto'] as const)(
  'pmap() starts from what its function captured, which the items of one share (batchSize: %s)',
  async (batchSize) => {
    await using started = await startCluster(1)
    const { cluster } = started
    const seen: number[] = []
    const note = (n: number): number => seen.push(n)
    const items = [1, 2, 3, 4, 5, 6]

    const first = await cluster.pmap(note, items, { batchSize })
    const second = await cluster.pmap(note, items, { batchSize })

    expect(first.toSorted()).toEqual(items)
    expect(second.toSorted()).toEqual(items)
    expect(seen).toEqual([])
  },
)

test('a worker that calls another one, or the manager, has each call start from what was captured', async () => {
  await using started = await startCluster(2)
  let count = 0
  const next = (): number => ++count
  const callAll = async (): Promise<number[]> => {
    const values: number[] = []
    for (const id of [3, 3, 1, 1]) values.push(await remoteCallFetch(next, id))
    return values
  }

  expect(await started.cluster.remoteCallFetch(callAll, 2)).toEqual([1, 1, 1, 1])
})

test('pmap() shares what its function captured with no other pmap and no call at the same time', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  let count = 0
  const next = async (): Promise<number> => {
    count += 1
    await new Promise(setImmediate)
    return count
  }
  const items = [1, 2, 3, 4, 5, 6]
  const calls = async (): Promise<number[]> => {
    const values: number[] = []
    for (const _ of items) values.push(await cluster.remoteCallFetch(next, 2))
    return values
  }

  const together = await Promise.all([cluster.pmap(next, items), calls(), cluster.pmap(next, items)])

  expect(together).toEqual([items, [1, 1, 1, 1, 1, 1], items])
})

test('pmap() beside another one shares what its function captured with a channel among its own items', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const channel = RemoteChannel.createOver<number>(cluster.peer, { capacity: 100 })
  let count = 0
  const next = async (): Promise<number> => {
    count += 1
    await channel.put(count)
    return count
  }
  const items = [1, 2, 3, 4, 5, 6]

  expect(await Promise.all([cluster.pmap(next, items), cluster.pmap(next, items)])).toEqual([items, items])
})

test('CachingPool keeps what its calls changed of what was captured, whoever else calls the function', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  let count = 0
  const next = (): number => ++count
  const pooled = new CachingPool([2], cluster.peer).remote(next)

  const values: number[] = []
  for (let n = 0; n < 3; n++) values.push(await pooled(), await cluster.remoteCallFetch(next, 2))

  expect(values).toEqual([1, 1, 2, 1, 3, 1])
})

test('pmap() on a worker that has sent no function before shares what its function captured as later ones do', async () => {
  await using started = await startCluster(2)
  let count = 0
  const next = (): number => ++count
  const run = async (): Promise<number[]> => await pmap(next, [1, 2, 3, 4], { pool: new WorkerPool([3]) })

  expect(await started.cluster.remoteCallFetch(run, 2)).toEqual([1, 2, 3, 4])
  expect(await started.cluster.remoteCallFetch(run, 2)).toEqual([1, 2, 3, 4])
})

test('pmap() sends what its function captured as it was when it began, to workers that join later as well', async () => {
  await using started = await startCluster(1)
  const { cluster, env } = started
  const captured = new Float64Array(10_000)
  const items = (async function* (): AsyncGenerator<number> {
    yield 0
    captured.fill(1)
    await cluster.addProcs(1, { env })
    for (let n = 1; n < 20; n++) yield n
  })()
  const read = async (n: number): Promise<string> => {
    await new Promise((resolve) => setTimeout(resolve, n > 0 ? 5 : 0))
    return `${myid()}: ${captured[0]}`
  }

  const seen = new Set(await cluster.pmap(read, items))

  expect([...seen].toSorted()).toEqual(['2: 0', '3: 0'])
})

test('CachingPool keeps an array that was captured as it was the first time, for workers that it calls later', async () => {
  await using started = await startCluster(2)
  const captured = new Float64Array(10_000)
  const pool = new CachingPool([2, 3], started.cluster.peer)
  const read = pool.remote(() => captured[0])

  const first = await read()
  captured.fill(1)

  expect([first, ...(await Promise.all([read(), read()]))]).toEqual([0, 0, 0])
})

test('everywhere() defines an array as it was then where workers join later', async () => {
  await using started = await startCluster(1)
  const { cluster, env } = started
  const definedArray = new Float64Array(10_000)
  await cluster.everywhere({ definedArray })
  definedArray.fill(1)
  const [id = 0] = await cluster.addProcs(1, { env })

  const read = (): unknown => Reflect.get(Reflect.get(globalThis, 'definedArray') as object, 0)
  expect([await cluster.remoteCallFetch(read, 2), await cluster.remoteCallFetch(read, id)]).toEqual([0, 0])
})

test('remoteCall() on a worker that has sent no function before sends the arguments as they were', async () => {
  await using started = await startCluster(2)
  const call = async (): Promise<number[]> => {
    const list = [1]
    const array = new Float64Array(10_000)
    const sent = remoteCallFetch((l: number[], a: Float64Array) => [l.length, a[0] ?? 0], 3, list, array)
    list.push(2)
    array.fill(1)
    return await sent
  }

  expect(await started.cluster.remoteCallFetch(call, 2)).toEqual([1, 0])
})
