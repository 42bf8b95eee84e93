import { writeSync } from 'node:fs'
import {
  myid,
  RemoteError,
  remoteCallFetch,
  remoteDo,
  WorkerPool,
  WorkerTerminatedError,
  workers,
} from '@dialback/manager'
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

test('remoteDo() prints what the function throws where it ran, and nowhere else', async () => {
  await using started = await startCluster(1)
  const { cluster, output, log } = started

  cluster.remoteDo(() => {
    throw new TypeError('thrown on the worker')
  }, 2)
  cluster.remoteDo(async () => await Promise.reject(new TypeError('rejected on the worker')), 2)
  await Promise.all([
    started.logged('2: TypeError: thrown on the worker'),
    started.logged('rejected on the worker'),
  ])

  expect(await cluster.remoteCallFetch(() => 'alive', 2)).toBe('alive')
  expect(output.filter((line) => line.includes('thrown on the worker'))).toHaveLength(1)
  expect(log.filter((line) => !line.endsWith('is up'))).toEqual([])
})

test('remoteDo() to a pool says here why it sent nothing', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const settled = Promise.resolve()

  cluster.remoteDo(() => settled, new WorkerPool([2], cluster.peer))
  cluster.remoteDo(() => {}, new WorkerPool([7], cluster.peer))

  expect(await started.logged('captured "settled": Promise')).toContain('error: SerializationError')
  expect(await started.logged('id 7')).toContain('error: RangeError')
})

test('remoteDo() to an id that never was, or to a worker that is gone, says so, also on a worker', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  await cluster.rmProcs(3)

  expect(() => cluster.remoteDo(() => 0, 77)).toThrow('No process has the id 77 (there are 1, 2)')
  expect(() => cluster.remoteDo(() => 0, 3)).toThrow('Worker 3 was terminated due to: Removed')
  for (const id of [77, 77, 3])
    await cluster.remoteCallFetch((target: number) => remoteDo(() => 0, target), 2, id)

  await started.logged('2: WorkerTerminatedError: Worker 3 was terminated due to: Removed')
  expect(
    started.output.filter((line) => line.startsWith('2: RangeError: No process has the id 77')),
  ).toHaveLength(2)
})

test('a pool of another cluster is refused before anything is sent or read', async () => {
  await using here = await startCluster(2)
  await using there = await startCluster(1)
  const { cluster } = there
  const refusal = 'the pool is of another cluster'
  const items = {
    [Symbol.iterator]: (): Iterator<number> => {
      throw new Error('it was read')
    },
  }

  // Worker 2 is in both.
  for (const pool of [new WorkerPool([2], here.cluster.peer), here.cluster.defaultWorkerPool()]) {
    await expect(cluster.pmap(myid, items, { pool })).rejects.toThrow(`Cannot run pmap: ${refusal}`)
    expect(() => cluster.imap(myid, items, { pool })).toThrow(`Cannot run imap: ${refusal}`)
    await expect(cluster.preduce(myid, Math.max, items, { pool })).rejects.toThrow(refusal)
    await expect(cluster.remoteCallFetch(myid, pool)).rejects.toThrow(refusal)
    await expect(cluster.remoteCallFetch((given: WorkerPool) => given.length, 2, pool)).rejects.toThrow(
      'Cannot send argument 1: WorkerPool of another cluster',
    )
  }
  const own = new WorkerPool([2], cluster.peer)
  expect(await cluster.pmap(() => myid(), [1], { pool: own })).toEqual([2])
})

test('remoteDo() to a worker whose thread was replaced meanwhile runs there', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const shout = (text: string): void => void writeSync(2, `${text}\n`)
  const shoutThere = async (text: string): Promise<void> =>
    await cluster.remoteCallFetch((what: string) => remoteDo(shout, 3, what), 2, text)
  await shoutThere('first')
  await started.logged('3: first')
  const spinning = cluster
    .remoteCallFetch(() => {
      writeSync(2, 'spinning\n')
      for (;;);
    }, 3)
    .catch(() => {})
  await started.logged('3: spinning')
  await cluster.interrupt(3)
  await spinning

  // The caller does not know that its function has to be sent again.
  await shoutThere('second')

  expect(await started.logged('3: second')).toBe('3: second')
})

test('remoteDo() to the own id prints what the function throws there', async () => {
  await using started = await startCluster()

  started.cluster.remoteDo(() => {
    throw new TypeError('thrown on the manager')
  }, 1)

  expect(await started.logged('thrown on the manager')).toContain('TypeError: thrown on the manager')
})

test('a call to an id that never was rejects with an error that names it, also on a worker', async () => {
  await using started = await startCluster(1)
  const { cluster } = started

  await expect(cluster.remoteCallFetch(() => 0, 77)).rejects.toThrow(/77/)
  await expect(cluster.remoteCall(() => 0, 77).fetch()).rejects.toThrow(/77/)
  await expect(cluster.remoteCallWait(() => 0, 77)).rejects.toThrow(/77/)
  await expect(cluster.remoteCallFetch(async () => await remoteCallFetch(() => 0, 77), 2)).rejects.toThrow(
    /77/,
  )
})

test('a call to a worker that is known to be dead rejects at once with its loss, also on a worker', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  await cluster.remoteCallFetch(() => process.exit(3), 2).catch(() => {})

  const here = cluster.remoteCallFetch(() => 0, 2)
  const there = cluster.remoteCallFetch(
    async () => await remoteCallFetch(() => 0, 2).catch((error: unknown) => error),
    3,
  )
  const first = await Promise.race([here.catch(() => 'here'), cluster.remoteCallFetch(() => 'round trip', 3)])

  expect(first).toBe('here')
  await expect(here).rejects.toMatchObject({ name: 'WorkerTerminatedError', workerId: 2, exitCode: 3 })
  expect(await there).toBeInstanceOf(WorkerTerminatedError)
  expect(await there).toMatchObject({ workerId: 2, exitCode: 3, reason: 'Exited' })
})

test('a nested call to a worker that is killed meanwhile rejects with one prefix for each hop', async () => {
  await using started = await startCluster(2)
  const { cluster } = started

  const chain = cluster.remoteCallFetch(
    async () => await remoteCallFetch(() => void process.kill(process.pid, 'SIGKILL'), 3),
    2,
  )

  await expect(chain).rejects.toThrow(
    'On worker 2: WorkerTerminatedError: Worker 3 was terminated due to: Killed',
  )
  await expect(chain).rejects.toMatchObject({
    workerId: 2,
    cause: { workerId: 3, reason: 'Killed', signal: 'SIGKILL' },
  })
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

test('an error names the worker once per hop and keeps its class, message and fields', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const fail = (): never => {
    throw Object.assign(new TypeError('no such thing'), { statusCode: 404 })
  }

  const direct = cluster.remoteCallFetch(fail, 2)
  const nested = cluster.remoteCallFetch(async () => await remoteCallFetch(fail, 3), 2)

  await expect(direct).rejects.toThrow(/^On worker 2: TypeError: no such thing$/)
  await expect(direct).rejects.toMatchObject({
    name: 'RemoteError',
    code: 'REMOTE',
    workerId: 2,
    cause: { statusCode: 404 },
  })
  const { cause } = await rejectionOf(direct)
  expect(cause).toBeInstanceOf(TypeError)
  const error = await rejectionOf(nested)
  expect(error.message).toBe('On worker 2: On worker 3: TypeError: no such thing')
  expect(error.cause).toBeInstanceOf(RemoteError)
  expect(error.cause).toMatchObject({ workerId: 3, cause: { message: 'no such thing', statusCode: 404 } })
})

test('a call to the own id rejects like any other', async () => {
  await using started = await startCluster()
  const thrown = new TypeError('here')

  const error = await rejectionOf(
    started.cluster.remoteCallFetch(() => {
      throw thrown
    }, 1),
  )

  expect(error.message).toBe('On worker 1: TypeError: here')
  expect(error.cause).toBe(thrown)
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

async function rejectionOf(call: Promise<unknown>): Promise<RemoteError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof RemoteError)) throw new Error(`Expected a RemoteError: ${String(error)}`)
  return error
}
