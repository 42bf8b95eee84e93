import { myid, RemoteError, remoteCallFetch, WorkerPool, WorkerTerminatedError } from '@dialback/manager'
import { expect, test } from 'vitest'
import { startCluster } from './test-cluster.ts'

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

async function rejectionOf(call: Promise<unknown>): Promise<RemoteError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof RemoteError)) throw new Error(`Expected a RemoteError: ${String(error)}`)
  return error
}
