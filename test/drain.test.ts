import { writeSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { withoutSharedMemory } from './support/without-shared-memory.ts'
import { startCluster } from './test-cluster.ts'

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
