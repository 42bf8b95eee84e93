import { myid, remoteCallFetch, workers } from '@dialback/manager'
import { expect, test } from 'vitest'
import { note, notesSoFar } from './fixtures/notes.ts'
import { startCluster } from './test-cluster.ts'

test('remoteCall() starts the calls to a worker in the order they were made, whatever their size and function', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const sizes = [0, 10, 70_000, 3_000_000, 1, 300_000, 0, 9_000_000, 5, 65_536]

  const calls = Array.from({ length: 60 }, (_, i) => {
    const bytes = new Uint8Array(sizes[i % sizes.length] ?? 0)
    const fns = [
      (at: number, _: Uint8Array) => note(at),
      (at: number) => void note(at),
      async (at: number) => note(at),
    ]
    return cluster.remoteCallFetch(fns[i % fns.length] ?? note, 2, i, bytes)
  })
  await Promise.all(calls)

  expect(await cluster.remoteCallFetch(notesSoFar, 2)).toEqual(Array.from({ length: 60 }, (_, i) => i))
})

test('remoteDo() keeps its place among calls to the same worker', async () => {
  await using started = await startCluster(1)
  const { cluster } = started

  for (let i = 0; i < 100; i += 2) {
    cluster.remoteDo(note, 2, i)
    void cluster.remoteCall(note, 2, i + 1)
  }

  expect(await cluster.remoteCallFetch(notesSoFar, 2)).toEqual(Array.from({ length: 100 }, (_, i) => i))
})

test('calls to one worker interleave: a later one can end an earlier one', async () => {
  await using started = await startCluster(1)
  const { cluster } = started

  const first = cluster.remoteCallFetch(waitForKey, 2, 'open')
  const second = cluster.remoteCallFetch(setKey, 2, 'open', 'by the second')

  expect(await first).toBe('by the second')
  expect(await second).toBe(true)
})

test('5,000 calls at once all come back to their own callers', async () => {
  await using started = await startCluster(2)
  const { cluster } = started

  const answers = await Promise.all(
    Array.from({ length: 5_000 }, (_, i) => cluster.remoteCallFetch((n: number) => n * 2, 2 + (i % 2), i)),
  )

  expect(answers).toEqual(Array.from({ length: 5_000 }, (_, i) => i * 2))
})

test('nested calls from worker to worker to manager, four deep and back to where they began, do not deadlock', async () => {
  await using started = await startCluster(2)
  const { cluster } = started

  const chains = await Promise.all(
    Array.from({ length: 20 }, () => cluster.remoteCallFetch(visit, 2, [3, 2, 1, 3])),
  )

  for (const chain of chains) expect(chain).toEqual([2, 3, 2, 1, 3])
})

test('a variable with the name of an import is no import, also where a function goes on from a worker', async () => {
  await using started = await startCluster(2)
  const { cluster } = started

  const answer = cluster.remoteCallFetch(
    async (writeSync: number) => {
      const here = await remoteCallFetch((x: number) => x * writeSync, 3, 7)
      return await remoteCallFetch(async () => await remoteCallFetch(() => here + writeSync, 2), 3)
    },
    2,
    5,
  )

  expect(await answer).toBe(40)
})

test('every process of a cluster can call every other, itself included, all at once', async () => {
  await using started = await startCluster(3)
  const { cluster } = started
  const ids = [1, 2, 3, 4]

  const answers = await Promise.all(ids.map((from) => cluster.remoteCallFetch(callAll, from, ids)))

  expect(answers).toEqual([ids, ids, ids, ids])
})

test('myid() and workers() within a call are those of the worker', async () => {
  await using started = await startCluster(2)
  const { cluster } = started

  expect(await cluster.remoteCallFetch(() => [myid(), workers()], 3)).toEqual([3, [2, 3]])
  expect(cluster.myid()).toBe(1)
})

test('a call to the own id gets and gives the same objects', async () => {
  await using started = await startCluster()
  const { cluster } = started
  const given = { n: 1, socket: new WeakMap() }

  const got = await cluster.remoteCallFetch((value: typeof given) => Object.assign(value, { n: 2 }), 1, given)

  expect(got).toBe(given)
  expect(given.n).toBe(2)
})

test('a function that cannot travel can be called on the own id', async () => {
  await using started = await startCluster(1)
  const later = Promise.resolve('captured')

  expect(await started.cluster.remoteCallFetch(async () => await later, 1)).toBe('captured')
  expect(await started.cluster.remoteCall(() => later, 1).fetch()).toBe('captured')
  await expect(started.cluster.remoteCallFetch(async () => await later, 2)).rejects.toThrow(/later/)
})

test('a call on a worker to its own id gets the same objects too', async () => {
  await using started = await startCluster(1)
  const { cluster } = started

  const isSame = await cluster.remoteCallFetch(async () => {
    const given = { run: () => 1 }
    return (await remoteCallFetch((value: typeof given) => value, myid(), given)) === given
  }, 2)

  expect(isSame).toBe(true)
})

test('a call to a worker gets copies and gives copies', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const given: { n: number; self?: unknown } = { n: 1 }
  given.self = given

  const got = await cluster.remoteCallFetch(
    (value: typeof given) => {
      value.n = 2
      return [value, value.self === value] as const
    },
    2,
    given,
  )

  expect(given.n).toBe(1)
  expect(got[0]).not.toBe(given)
  expect(got).toMatchObject([{ n: 2 }, true])
})

test('a caller that is killed cancels what it had asked for elsewhere, and harms nobody', async () => {
  await using started = await startCluster(2)
  const { cluster } = started

  cluster.remoteDo(async () => {
    void remoteCallFetch(waitForKey, 3, 'never')
    // After that one, as calls to one worker start in order.
    await remoteCallFetch(() => 0, 3)
    process.kill(process.pid, 'SIGKILL')
  }, 2)
  await started.logged('Worker 2 was terminated')

  expect(await cluster.remoteCallFetch(() => 'fine', 3)).toBe('fine')
})

async function visit(ids: number[]): Promise<number[]> {
  const [next, ...rest] = ids
  return [myid(), ...(next === undefined ? [] : await remoteCallFetch(visit, next, rest))]
}

async function callAll(ids: number[]): Promise<number[]> {
  return await Promise.all(ids.map((id) => remoteCallFetch(() => myid(), id)))
}

function keys(): Map<string, PromiseWithResolvers<unknown>> {
  const found: unknown = Reflect.get(globalThis, 'keys')
  if (found instanceof Map) return found as Map<string, PromiseWithResolvers<unknown>>
  const made = new Map<string, PromiseWithResolvers<unknown>>()
  Reflect.set(globalThis, 'keys', made)
  return made
}

async function waitForKey(name: string): Promise<unknown> {
  const key = Promise.withResolvers<unknown>()
  keys().set(name, key)
  return await key.promise
}

function setKey(name: string, value: unknown): boolean {
  keys().get(name)?.resolve(value)
  return keys().has(name)
}
