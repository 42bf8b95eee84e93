import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Cluster,
  type Future,
  myid,
  pmap,
  remoteCallFetch,
  WorkerTerminatedError,
  workers,
} from '@dialback/manager'
import { expect, test } from 'vitest'
import { startCluster, type TestCluster } from './test-cluster.ts'

const kills = 200
const workerCount = 5
/** No operation may take longer, nor may one that never settles hide. */
const settleLimitMs = 30_000

test(`every call settles while ${kills} workers are killed at random during pmaps and nested calls`, {
  timeout: 300_000,
}, async () => {
  await using started = await startCluster()
  const { cluster, env } = started
  const seed = Date.now() % 1_000_000
  const random = randomOf(seed)
  const tally: Record<string, number> = {}
  let isOver = false
  await cluster.addProcs(workerCount, { env })

  const loops = operations(cluster, random).map(async ([name, run]) => {
    while (!isOver) {
      const outcome = await outcomeOf(name, run())
      tally[`${name} ${outcome}`] = (tally[`${name} ${outcome}`] ?? 0) + 1
    }
  })
  await killWorkers(started, random)
  isOver = true
  await Promise.all(loops)

  // A future whose reader was killed is still being made; what never settles stays.
  await expect.poll(() => cluster.peer.pendingCount, { message: `seed ${seed}` }).toBe(0)
  expect(
    Object.keys(tally).filter((key) => /wrong|unexpected|hangs/.test(key)),
    `seed ${seed} ${JSON.stringify(tally)}`,
  ).toEqual([])
  for (const [name] of operations(cluster, random))
    expect(tally[`${name} right`] ?? 0, `seed ${seed}: ${name}`).toBeGreaterThan(0)
  expect(await cluster.pmap((n: number) => n + 1, [1, 2, 3])).toEqual([2, 3, 4])
})

/** Kills one joined worker after another, and lets as many join again. */
async function killWorkers({ cluster, env }: TestCluster, random: () => number): Promise<void> {
  const adding = new Set<Promise<unknown>>()
  for (let killed = 0; killed < kills; ) {
    const live = cluster.workers()
    const victim = live[Math.floor(random() * live.length)] ?? 1
    if (live.length < 3 || victim === 1) {
      await Promise.race([...adding, sleep(50)])
      continue
    }
    // From within, so that it comes in the middle of what runs there; from then on the id is no victim any more.
    const how = random() < 0.8 ? 'SIGKILL' : 'SIGTERM'
    const dying = cluster
      .remoteCallFetch((signal: NodeJS.Signals) => void process.kill(process.pid, signal), victim, how)
      .catch(() => {})
    killed += 1
    const one = cluster.addProcs(1, { env }).finally(() => adding.delete(one))
    adding.add(one)
    await dying
    if (adding.size >= 3) await Promise.race(adding)
    await sleep(random() * 100)
  }
  await Promise.all(adding)
}

type Operation = readonly [name: string, run: () => Promise<boolean>]

/** Each resolves to whether its result was right. */
function operations(cluster: Cluster, random: () => number): Operation[] {
  const pick = (): number => {
    const live = cluster.workers()
    return live[Math.floor(random() * live.length)] ?? 1
  }
  const retryDelays = Array.from({ length: 8 }, () => 0.005)
  const numbers = Array.from({ length: 60 }, (_, i) => i)
  return [
    [
      'pmap',
      async () =>
        equal(
          await cluster.pmap(slowSquare, numbers, { retryDelays }),
          numbers.map((n) => n * n),
        ),
    ],
    [
      'batches',
      async () =>
        equal(
          await cluster.pmap(slowSquare, numbers, { batchSize: 7, retryDelays }),
          numbers.map((n) => n * n),
        ),
    ],
    [
      'auto',
      async () =>
        equal(
          await cluster.pmap((n: number) => -n, numbers, { batchSize: 'auto', retryDelays }),
          numbers.map((n) => -n),
        ),
    ],
    [
      'onError',
      async () =>
        (await cluster.pmap(slowSquare, numbers, { onError: () => -1 })).every(
          (n, i) => n === i * i || n === -1,
        ),
    ],
    [
      'nested',
      async () => (await cluster.remoteCallFetch(visit, pick(), [pick(), 1, pick()])).at(-1) === 'end',
    ],
    [
      'payload',
      async () =>
        (await cluster.remoteCallFetch(echoOver, pick(), pick(), new Uint8Array(3_000_000).fill(7))) ===
        21_000_000,
    ],
    [
      'result',
      async () =>
        (await cluster.remoteCallFetch((n: number) => new Uint8Array(n).fill(3), pick(), 5_000_000)).every(
          (byte) => byte === 3,
        ),
    ],
    [
      'future',
      async () =>
        (await cluster.remoteCallFetch(
          readFuture,
          pick(),
          cluster.remoteCall(() => sleep(20, 'value'), pick()),
        )) === 'value',
    ],
    ['pmap there', async () => (await cluster.remoteCallFetch(mapThere, pick(), 10)) === 45],
    ['busy', async () => (await cluster.remoteCallFetch(spinFor, pick(), 30)) === 30],
  ]
}

async function outcomeOf(name: string, run: Promise<boolean>): Promise<string> {
  const timer = new AbortController()
  const limit = sleep(settleLimitMs, 'hangs', { signal: timer.signal }).catch(() => 'hangs')
  try {
    return await Promise.race([run.then((isRight) => (isRight ? 'right' : 'wrong')), limit])
  } catch (error) {
    return isLoss(error) ? 'lost' : `unexpected ${name}: ${String(error)}`
  } finally {
    timer.abort()
  }
}

/** Whether it comes down to a worker that went away. */
function isLoss(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof WorkerTerminatedError) return true
  return false
}

function equal(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((n, i) => Object.is(n, right[i]))
}

async function slowSquare(n: number): Promise<number> {
  await sleep(n % 7)
  return n * n
}

async function visit(ids: number[]): Promise<(number | string)[]> {
  const [next, ...rest] = ids
  return [myid(), ...(next === undefined ? ['end'] : await remoteCallFetch(visit, next, rest))]
}

async function echoOver(next: number, bytes: Uint8Array): Promise<number> {
  const back = await remoteCallFetch((there: Uint8Array) => there.map((byte) => byte), next, bytes)
  return back.reduce((sum, byte) => sum + byte, 0)
}

async function readFuture(future: Future<string>): Promise<string> {
  return await future.fetch()
}

async function mapThere(count: number): Promise<number> {
  const ids = workers().filter((id) => id !== myid())
  const retryDelays = ids.map(() => 0.01)
  const values = await pmap(
    (n: number) => n,
    Array.from({ length: count }, (_, i) => i),
    { retryDelays },
  )
  return values.reduce((sum, n) => sum + n, 0)
}

function spinFor(ms: number): number {
  const end = performance.now() + ms
  while (performance.now() < end);
  return ms
}

/** Mulberry32: a run can be repeated with the seed that its failure names. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
