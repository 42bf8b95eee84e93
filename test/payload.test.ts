import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { remoteCallFetch } from '@dialback/manager'
import { expect, test } from 'vitest'
import { runScript } from './support/run-script.ts'
import { withoutSharedMemory } from './support/without-shared-memory.ts'
import { startCluster, type TestCluster } from './test-cluster.ts'

/** Every limit at which a body begins to travel in another way, and one byte to either side; and all are below it in JSON. */
const sizes = [0, 1, 64, 256, 1024, 4096]
  .map((kibibytes) => kibibytes * 1024)
  .flatMap((size) => [size - 1, size, size + 1])
  .filter((size) => size >= 0)

const ways: readonly [title: string, start: () => Promise<TestCluster>][] = [
  ['shared memory', () => startCluster(2)],
  ['the socket', () => startCluster(2, { env: withoutSharedMemory() })],
]

test('withoutSharedMemory() really leaves only the socket', async () => {
  await using shared = await startCluster(1)
  await using socketOnly = await startCluster(1, { env: withoutSharedMemory() })

  expect(await shared.cluster.remoteCallFetch(descriptorsOfSharedMemory, 2)).toBeGreaterThan(0)
  expect(await socketOnly.cluster.remoteCallFetch(descriptorsOfSharedMemory, 2)).toBe(0)
})

test('a cluster that is closed gives its shared memory back', async () => {
  const before = descriptorsOfSharedMemory()
  {
    await using started = await startCluster(1)
    const { cluster } = started
    await cluster.remoteCallFetch((bytes: Uint8Array) => bytes, 2, new Uint8Array(5_000_000))
  }

  expect(descriptorsOfSharedMemory()).toBe(before)
})

test('a worker does not hold on to the shared memory of workers that are gone', async () => {
  await using started = await startCluster(1)
  const { cluster, env } = started
  const counts: number[] = []
  for (let id = 3; id < 6; id++) {
    await cluster.addProcs(1, { env })
    const send = async (to: number): Promise<number> =>
      await remoteCallFetch((bytes: Uint8Array) => bytes.byteLength, to, new Uint8Array(5_000_000))
    await cluster.remoteCallFetch(send, id, 2)
    await cluster.rmProcs(id)
    counts.push(await cluster.remoteCallFetch(descriptorsOfSharedMemory, 2))
  }

  expect(counts[2]).toBe(counts[0])
})

test.each(ways)(
  'bytes of every size at a boundary come back as they were through %s',
  async (_title, start) => {
    await using started = await start()
    const { cluster } = started

    for (const size of sizes) {
      const bytes = pattern(size)
      const back = await cluster.remoteCallFetch((there: Uint8Array) => there, 2, bytes)
      expect(back.byteLength, `${size} bytes`).toBe(size)
      expect(Buffer.compare(back, bytes), `${size} bytes`).toBe(0)
    }
  },
)

test.each(ways)(
  'many bodies of all sizes at once come back to their own callers through %s',
  async (_title, start) => {
    await using started = await start()
    const { cluster } = started

    const echoed = await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const bytes = pattern((sizes[i % sizes.length] ?? 0) + i)
        const back = await cluster.remoteCallFetch(
          (there: Uint8Array, id: number) => ({ there, id }),
          2 + (i % 2),
          bytes,
          i,
        )
        return back.id === i && hash(back.there) === hash(bytes)
      }),
    )

    expect(echoed.every(Boolean)).toBe(true)
  },
)

test.each(ways)('large bodies pass from worker to worker and back through %s', async (_title, start) => {
  await using started = await start()
  const { cluster } = started
  const bytes = pattern(20 * 2 ** 20 + 7)

  const back = await cluster.remoteCallFetch(
    async (there: Uint8Array) => await remoteCallFetch((further: Uint8Array) => further, 3, there),
    2,
    bytes,
  )

  expect(hash(back)).toBe(hash(bytes))
})

test.each(ways)(
  'long strings and many small objects survive the boundaries through %s',
  async (_title, start) => {
    await using started = await start()
    const { cluster } = started

    for (const length of [65_000, 65_536, 262_144, 1_048_577, 5_000_000]) {
      const value = {
        text: 'ä'.repeat(length / 2),
        list: Array.from({ length: length / 64 }, (_, i) => ({ i })),
      }
      expect(await cluster.remoteCallFetch((there: typeof value) => there, 2, value)).toEqual(value)
    }
  },
)

test.each(ways)(
  'a body of 100 MiB comes back as it was, and pings are answered meanwhile, through %s',
  { timeout: 120_000 },
  async (_title, start) => {
    await using started = await start()
    const { cluster } = started
    const bytes = pattern(100 * 2 ** 20)
    let pongs = 0
    let isDone = false
    const pinging = (async () => {
      while (!isDone) {
        await cluster.remoteCallFetch(() => 'pong', 3)
        pongs += 1
        await sleep(5)
      }
    })()

    let most = 0
    // While a process is held up a body may come and go: then another one is looked at.
    for (let round = 0; most <= 3 && round < 20; round++) {
      const before = pongs
      const back = await cluster.remoteCallFetch((there: Uint8Array) => there, 2, bytes)
      most = Math.max(most, pongs - before)
      expect(hash(back)).toBe(hash(bytes))
    }
    isDone = true
    await pinging

    // A body that went in one piece would let through none but the first.
    expect(most).toBeGreaterThan(3)
  },
)

test.each(ways)('arguments are what they were when the call was made, through %s', async (_title, start) => {
  await using started = await start()
  const { cluster } = started

  for (const size of [10, 70_000, 2 ** 20 + 1, 30 * 2 ** 20]) {
    const bytes = pattern(size)
    const before = hash(bytes)
    const list = [1, 2, 3]
    const calls = [2, 3].map((id) =>
      cluster.remoteCallFetch((there: Uint8Array, more: number[]) => [there, more] as const, id, bytes, list),
    )
    bytes.fill(0)
    list.push(4)
    for (const [there, more] of await Promise.all(calls)) {
      expect(hash(there), `${size} bytes`).toBe(before)
      expect(more).toEqual([1, 2, 3])
    }
  }
})

test('a result is what it was when the function returned', async () => {
  await using started = await startCluster(1)
  const { cluster } = started

  const back = await cluster.remoteCallFetch(
    (size: number) => {
      const bytes = new Uint8Array(size).fill(7)
      setImmediate(() => bytes.fill(9))
      queueMicrotask(() => bytes.fill(8))
      return bytes
    },
    2,
    20 * 2 ** 20,
  )

  expect(new Set(back)).toEqual(new Set([7]))
})

test('a worker that is killed in the middle of large bodies leaves the others, the manager and /dev/shm clean', async () => {
  await using started = await startCluster(3)
  const { cluster, env } = started
  const bytes = pattern(50 * 2 ** 20)
  const echo = (there: Uint8Array): Uint8Array => there

  for (const delay of [5, 20, 40, 80]) {
    const victim = cluster.workers().at(-1) ?? 0
    const calls = Promise.allSettled([
      cluster.remoteCallFetch(echo, victim, bytes),
      cluster.remoteCallFetch(
        async (id: number) =>
          (await remoteCallFetch((n: number) => new Uint8Array(n).fill(5), id, 50 * 2 ** 20)).length,
        2,
        victim,
      ),
      cluster.remoteCallFetch(
        async (id: number) =>
          await remoteCallFetch((there: Uint8Array) => there.length, id, new Uint8Array(50 * 2 ** 20)),
        2,
        victim,
      ),
    ])
    const pid = await cluster.remoteCallFetch(() => process.pid, victim)
    await sleep(delay)
    process.kill(pid, 'SIGKILL')
    for (const result of await calls)
      expect(
        result.status === 'fulfilled' || String(result.reason).includes(`Worker ${victim} was terminated`),
      ).toBe(true)
    await cluster.addProcs(1, { env })
  }

  expect(hash(await cluster.remoteCallFetch(echo, 2, bytes))).toBe(hash(bytes))
})

test('shared memory is given back: no name in /dev/shm, no descriptors of workers that are gone', async () => {
  await using started = await startCluster(1)
  const { cluster, env } = started
  await cluster.remoteCallFetch((there: Uint8Array) => there, 2, pattern(2 ** 23))
  const before = descriptorsOfSharedMemory()

  for (let round = 0; round < 5; round++) {
    const [id = 0] = await cluster.addProcs(1, { env })
    await cluster.remoteCallFetch((there: Uint8Array) => there, id, pattern(2 ** 25))
    await cluster.rmProcs(id)
  }

  expect(readdirSync('/dev/shm').filter((name) => name.startsWith(`dialback-${process.pid}-`))).toEqual([])
  expect(descriptorsOfSharedMemory()).toBeLessThanOrEqual(before)
})

test('memory of a process stays under 4 times the body', { timeout: 120_000 }, async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const bytes = pattern(100 * 2 ** 20)
  const pid = await cluster.remoteCallFetch(() => process.pid, 2)
  const before = peakMemory(pid)

  await cluster.remoteCallFetch((there: Uint8Array) => there, 2, bytes)

  expect((peakMemory(pid) - before) / bytes.byteLength).toBeLessThan(4)
})

test.each([
  ['shared memory', {}],
  ['the socket', withoutSharedMemory()],
])(
  'pmap() of items that are made as they are read keeps few of 480 MiB in memory, through %s',
  async (_title, env) => {
    const { stdout, code } = await runScript('test/fixtures/large-items.ts', { args: [JSON.stringify(env)] })

    const { sum, grownMib } = JSON.parse(stdout) as { sum: number; grownMib: number }
    expect(code).toBe(0)
    expect(sum).toBe(3_000 + 480 * 2 ** 20)
    expect(grownMib).toBeLessThan(240)
  },
)

function pattern(size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < Math.min(size, 65_521); i++) bytes[i] = (i * 31 + size) & 255
  // A prime length, so that no chunk is like another.
  for (let filled = 65_521; filled < size; filled *= 2) bytes.copyWithin(filled, 0, filled)
  return bytes
}

function hash(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex')
}

/** Files of shared memory that this process has open, deleted ones included. */
function descriptorsOfSharedMemory(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes('/dev/shm/dialback')
    } catch {
      return false
    }
  }).length
}

function peakMemory(pid: number): number {
  const match = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(match?.[1]) * 1024
}
