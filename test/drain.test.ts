import { writeSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { LocalManager, myid } from '@dialback/manager'
import { expect, test } from 'vitest'
import { withoutSharedMemory } from './support/without-shared-memory.ts'
import { startCluster } from './test-cluster.ts'
import { withAdmission } from './through-proxy.ts'

/** More than fits into all buffers between two processes. */
const size = 32 * 2 ** 20

const ways: readonly [title: string, env: Readonly<Record<string, string>>][] = [
  ['shared memory', {}],
  ['the socket', withoutSharedMemory()],
]

test.each(ways)(
  'a worker that gets SIGTERM ends when its large results have arrived, through %s',
  async (_title, env) => {
    await using started = await startCluster(2, { env })
    const { cluster } = started
    const pid = await cluster.remoteCallFetch(() => process.pid, 2)

    const result = cluster.remoteCallFetch(
      (length: number) => {
        writeSync(2, 'made\n')
        return new Uint8Array(length).fill(5)
      },
      2,
      size,
    )
    await started.logged('2: made')
    process.kill(pid, 'SIGTERM')

    expect(Buffer.compare(await result, Buffer.alloc(size, 5))).toBe(0)
    await started.logged('Worker 2 was terminated')
    expect(cluster.workers()).toEqual([3])
  },
)

test('a worker that gets SIGTERM ends when a value that is being fetched has arrived', async () => {
  await using started = await startCluster(1, { env: withoutSharedMemory() })
  const { cluster } = started
  const pid = await cluster.remoteCallFetch(() => process.pid, 2)
  const future = await cluster.remoteCallWait((length: number) => new Uint8Array(length).fill(7), 2, size)

  const fetched = future.fetch()
  await turn()
  // Is answered after what was asked of the same connection before.
  await cluster.interrupt(2)
  process.kill(pid, 'SIGTERM')

  expect(Buffer.compare(await fetched, Buffer.alloc(size, 7))).toBe(0)
})

test('a worker that gets SIGTERM gives up what does not end in time and says so; pmap() runs it again elsewhere', async () => {
  await using started = await startCluster()
  const { cluster, env } = started
  const impatient = new LocalManager(1, { env, threads: 2 })
  await cluster.addProcs(withAdmission(impatient, (credentials) => ({ ...credentials, drainMs: 500 })))
  const pid = await cluster.remoteCallFetch(() => process.pid, 2)
  const mapped = cluster.pmap(waitOn, [2])
  await started.logged('2: waiting')
  await cluster.addProcs(1, { env })
  const failing = cluster.remoteCallFetch(() => new Promise(() => {}), 2).catch((error: unknown) => error)
  await cluster.remoteCallFetch(() => 0, 2)

  process.kill(pid, 'SIGTERM')

  expect(await started.logged('gave up')).toMatch(
    /2: told to end, it gave up after 0.5 s: [12] of 2 threads still ran calls$/,
  )
  expect(await failing).toMatchObject({
    name: 'WorkerTerminatedError',
    exitCode: 143,
    blame: 'infrastructure',
  })
  expect(await mapped).toEqual(['on 3'])
})

/** Waits for ever on process `id`. */
async function waitOn(id: number): Promise<string> {
  if (myid() !== id) return `on ${myid()}`
  writeSync(2, 'waiting\n')
  return await new Promise(() => {})
}

test('a local worker stays when its terminal is closed, which its manager may survive', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const pid = await cluster.remoteCallFetch(() => process.pid, 2)

  process.kill(pid, 'SIGHUP')

  expect(await cluster.remoteCallFetch(() => process.pid, 2)).toBe(pid)
})
