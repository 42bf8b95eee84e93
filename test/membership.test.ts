import { pbkdf2Sync } from 'node:crypto'
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Cluster,
  LaunchError,
  LocalManager,
  myid,
  nworkers,
  procs,
  remoteCallFetch,
  workers,
} from '@dialback/manager'
import { expect, test } from 'vitest'
import { processesLeft, processesOf, processStopped } from './support/processes.ts'
import { withTempDir } from './support/temp-dir.ts'
import { startCluster } from './test-cluster.ts'

test('workers() is [1] and nworkers() is 1 when there are none', async () => {
  await using started = await startCluster()
  const { cluster } = started

  expect([cluster.workers(), cluster.nworkers(), cluster.procs(), cluster.nprocs(), cluster.myid()]).toEqual([
    [1],
    1,
    [1],
    1,
    1,
  ])
  expect([workers(), nworkers(), procs(), myid()]).toEqual([[1], 1, [1], 1])
})

test('ids are never used again, not even those of workers that never joined', async () => {
  await using started = await startCluster(2)
  const { cluster, env } = started

  await cluster.rmProcs([2, 3])
  await cluster.addProcs(await unstartable(env)).catch(() => {})
  const ids = await cluster.addProcs(2, { env })

  expect(ids).toEqual([5, 6])
})

test('a worker knows who is there as others join and leave', async () => {
  await using started = await startCluster(2)
  const { cluster, env } = started
  const known = (): Promise<number[][]> =>
    cluster.remoteCallFetch(() => [procs(), workers(), [nworkers()]], 2)

  const before = await known()
  await cluster.addProcs(1, { env })
  const joined = await known()
  await cluster.rmProcs(3)
  const left = await known()

  expect(before).toEqual([[1, 2, 3], [2, 3], [2]])
  expect(joined).toEqual([[1, 2, 3, 4], [2, 3, 4], [3]])
  expect(left).toEqual([[1, 2, 4], [2, 4], [2]])
})

test('rmProcs() refuses 1 with a warning, ignores ids that are not there, and removes the others', async () => {
  await using started = await startCluster(2)
  const { cluster, log } = started

  await cluster.rmProcs([1, 2, 99, 2])
  await cluster.rmProcs(2)

  expect(cluster.procs()).toEqual([1, 3])
  expect(log.filter((line) => line.startsWith('warn'))).toEqual([expect.stringMatching(/\b1\b/)])
})

test('rmProcs() takes the ids out of workers() at once', async () => {
  await using started = await startCluster(2)
  const { cluster } = started

  const removing = cluster.rmProcs([2, 3])
  const members = cluster.workers()
  await removing

  expect(members).toEqual([1])
})

test('rmProcs({ waitFor: 0 }) does not wait, and the workers end all the same', async () => {
  await using started = await startCluster(1)
  const { cluster, env } = started
  const pid = await stop(cluster, 2)

  await cluster.rmProcs(2, { waitFor: 0 })
  const live = processesOf(env['DIALBACK_TEST_ID'] ?? '')
  process.kill(pid, 'SIGCONT')

  expect(live).toHaveLength(1)
  expect(await processesLeft(env['DIALBACK_TEST_ID'] ?? '')).toEqual([])
})

test('rmProcs({ waitFor }) rejects naming the workers that are not gone by then, and they go on ending', async () => {
  await using started = await startCluster(2)
  const { cluster, env } = started
  await stop(cluster, 2)

  await expect(cluster.rmProcs([2, 3], { waitFor: '200ms' })).rejects.toThrow(/\b2\b.*0\.2/)
  expect(await processesLeft(env['DIALBACK_TEST_ID'] ?? '', 40_000)).toEqual([])
})

test('rmProcs() of the same worker twice at once waits for both', async () => {
  await using started = await startCluster(1)
  const { cluster, env } = started

  await Promise.all([cluster.rmProcs(2), cluster.rmProcs([2])])

  expect(await processesLeft(env['DIALBACK_TEST_ID'] ?? '', 0)).toEqual([])
})

test('rmProcs() rejects queued, running and nested calls there and lets nothing else fail', async () => {
  await using started = await startCluster(2)
  const { cluster } = started
  const results = Promise.allSettled([
    cluster.remoteCallFetch(() => new Promise(() => {}), 2),
    cluster.remoteCallFetch(async () => await remoteCallFetch(() => new Promise(() => {}), 3), 2),
    cluster.remoteCallFetch(
      async () => await remoteCallFetch(() => new Promise(() => {}), 2).catch((error: unknown) => error),
      3,
    ),
    cluster.remoteCallFetch(() => sleep(500, 'unharmed'), 3),
  ])
  await cluster.remoteCallFetch(() => sleep(100), 3)

  await cluster.rmProcs(2)

  const removed = { name: 'WorkerTerminatedError', workerId: 2, reason: 'Removed', blame: 'requested' }
  expect(await results).toMatchObject([
    { reason: removed },
    { reason: removed },
    { value: removed },
    { value: 'unharmed' },
  ])
})

test('addProcs() during calls does not disturb them', async () => {
  await using started = await startCluster(1)
  const { cluster, env } = started
  const calls = Array.from({ length: 200 }, (_, i) =>
    cluster.remoteCallFetch((n: number) => new Promise((resolve) => setTimeout(resolve, n % 50, n)), 2, i),
  )

  const ids = await cluster.addProcs(2, { env })

  expect(ids).toEqual([3, 4])
  expect(await Promise.all(calls)).toEqual(calls.map((_, i) => i))
})

test('addProcs() of a manager that can ask for nothing rejects with a LaunchError that has the cause', async () => {
  await using started = await startCluster()
  const { cluster, env } = started
  const cause = new Error('Forbidden')
  const manager = {
    name: 'nowhere',
    pendingTimeoutMs: 1_000,
    minWorkers: 0,
    launch: () => Promise.reject(cause),
  }

  const error: unknown = await cluster.addProcs(manager).catch((reason: unknown) => reason)

  expect(error).toBeInstanceOf(LaunchError)
  expect(error).toMatchObject({ cause, message: expect.stringContaining('Forbidden') })
  expect(await cluster.addProcs(1, { env })).toHaveLength(1)
})

test('addProcs() of a program that cannot be started says why', async () => {
  await using started = await startCluster()
  const { cluster, env } = started

  const adding = cluster.addProcs(await unstartable(env))

  await expect(adding).rejects.toBeInstanceOf(LaunchError)
  await expect(adding).rejects.toThrow(/local-2 .*StartError.*ENOENT/)
})

test('LocalManager gives its workers their environment, directory and options', async () => {
  await using started = await startCluster()
  const { cluster, env } = started
  await cluster.addProcs(
    new LocalManager(1, {
      env: { ...env, COLOUR: 'red' },
      cwd: '/tmp',
      execArgv: ['--max-old-space-size=123'],
      threads: 1,
    }),
  )

  const seen = await cluster.remoteCallFetch(
    () => [process.env['COLOUR'], process.cwd(), process.execArgv],
    2,
  )

  expect(seen).toEqual(['red', '/tmp', ['--max-old-space-size=123']])
})

test('a worker whose heap is full ends, and says so', async () => {
  await using started = await startCluster(2, { execArgv: ['--max-old-space-size=64'] })
  const { cluster } = started

  const dying = cluster.remoteCallFetch(fillHeap, 2)

  await expect(dying).rejects.toMatchObject({
    name: 'WorkerTerminatedError',
    reason: 'HeapOutOfMemory',
    blame: 'item',
  })
  expect(await cluster.remoteCallFetch(() => 'other', 3)).toBe('other')
})

test('a worker one of whose threads has a full heap says so, also when another one cannot be stopped', async () => {
  await using started = await startCluster(1, { threads: 2, execArgv: ['--max-old-space-size=64'] })
  const { cluster } = started
  const busy = cluster.remoteCallFetch(deriveForLong, 2).catch((error: unknown) => error)
  await started.logged('2: deriving')

  const dying = cluster.remoteCallFetch(fillHeap, 2).catch((error: unknown) => error)

  const lost = { name: 'WorkerTerminatedError', reason: 'HeapOutOfMemory', blame: 'item' }
  expect(await Promise.all([busy, dying])).toMatchObject([lost, lost])
})

test('a disposed Cluster leaves nothing, also while workers are joining', async () => {
  const started = await startCluster(1)
  const { cluster, env } = started
  const adding = cluster.addProcs(2, { env }).catch((error: unknown) => error)
  await sleep(50)

  await started[Symbol.asyncDispose]()

  expect(await adding).toBeDefined()
  expect(await processesLeft(env['DIALBACK_TEST_ID'] ?? '', 0)).toEqual([])
  await cluster[Symbol.asyncDispose]()
})

test('addProcs() of a Cluster that is closed says so, and starts nothing', async () => {
  const started = await startCluster(1)
  const { cluster, env } = started
  await started[Symbol.asyncDispose]()

  await expect(cluster.addProcs(1, { env })).rejects.toMatchObject({
    name: 'LaunchError',
    message: 'Cannot launch workers: the cluster is closed',
  })

  expect(await processesLeft(env['DIALBACK_TEST_ID'] ?? '', 0)).toEqual([])
})

function fillHeap(): never {
  const kept: unknown[] = []
  for (;;) kept.push({ n: kept.length, text: String(kept.length) })
}

/** Nothing ends this but the end of the process. */
function deriveForLong(): void {
  writeSync(2, 'deriving\n')
  pbkdf2Sync('password', 'salt', 2 ** 31 - 1, 64, 'sha512')
}

/** Stops a worker: it hears of nothing but SIGKILL then. Gives its process. */
async function stop(cluster: Cluster, id: number): Promise<number> {
  const pid = await cluster.remoteCallFetch(() => process.pid, id)
  process.kill(pid, 'SIGSTOP')
  await processStopped(pid)
  return pid
}

/** One worker whose directory was there when it was asked for, and is not when it is started. */
async function unstartable(env: Readonly<Record<string, string>>): Promise<LocalManager> {
  await using dir = await withTempDir()
  return new LocalManager(1, { env, cwd: dir.path })
}
