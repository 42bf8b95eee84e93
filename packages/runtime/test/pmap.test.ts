import { DialbackError, RemoteError, SerializationError, WorkerTerminatedError } from '@dialback/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CollectionHost } from '../src/collection-host.ts'
import { pmap } from '../src/pmap.ts'
import { exponentialBackOff } from '../src/retry.ts'
import { WorkerPool } from '../src/worker-pool.ts'
import { CountedInput } from './counted-input.ts'
import { Gates } from './gates.ts'
import { oomKilled, preempted, SimulatedCluster, settle } from './simulated-cluster.ts'

const square = (x: number): number => x * x
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

test('pmap() keeps input order when workers finish out of order', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const gates = new Gates()
  const result = pmap(cluster, gates.pass, [10, 20, 30])
  await settle()
  gates.open(20)
  await settle()
  gates.open(30)
  gates.open(10)
  expect(await result).toEqual([10, 20, 30])
})

test.each([1, 2, 7, 'auto'] as const)('pmap() calls fn(item, index) in batches of %s', async (batchSize) => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const result = await pmap(cluster, async (item: string, index) => item + index, 'abcdefghij', { batchSize })
  expect(result).toEqual(['a0', 'b1', 'c2', 'd3', 'e4', 'f5', 'g6', 'h7', 'i8', 'j9'])
})

test.each([
  ['an array', upTo(5)],
  ['a generator', upTo(5).values()],
  ['an async iterable', new CountedInput(5).async()],
  ['a set', new Set(upTo(5))],
  ['a typed array', Uint8Array.from(upTo(5))],
])('pmap() reads %s', async (_name, items) => {
  expect(await pmap(new SimulatedCluster({ workers: 2 }), square, items)).toEqual([0, 1, 4, 9, 16])
})

test.each([[[]], [new Set<number>()], [[].values()], [new CountedInput(0).async()]])(
  'pmap() gives [] for an empty input',
  async (items) => {
    expect(await pmap(new SimulatedCluster({ workers: 2 }), square, items)).toEqual([])
    expect(await pmap(new SimulatedCluster({ workers: 0 }), square, items)).toEqual([])
  },
)

test('pmap() ships its function once', async () => {
  const cluster = new SimulatedCluster({ workers: 3 })
  await pmap(cluster, square, upTo(50))
  expect(cluster.shipped).toBe(1)
})

test('pmap() runs in this process when there are no workers, one item at a time and without copies', async () => {
  const cluster = new SimulatedCluster({ workers: 0 })
  const items = [{ n: 1 }, { n: 2 }]
  let running = 0
  const result = await pmap(
    cluster,
    async (item) => {
      expect(++running).toBe(1)
      await settle()
      running--
      return item
    },
    items,
  )
  expect(result[1]).toBe(items[1])
  expect([cluster.shipped, cluster.calls.map(({ workerId }) => workerId)]).toEqual([0, [1, 1]])
})

test('pmap() with distributed: false runs in this process, batches or not', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const unsendable = Object.assign((x: number) => x + 1, { isStuck: true })
  expect(await pmap(cluster, unsendable, [1, 2], { distributed: false, batchSize: 2 })).toEqual([2, 3])
  expect(new Set(cluster.calls.map(({ workerId }) => workerId))).toEqual(new Set([1]))
})

test('pmap() lets timers fire while synchronous functions run in this process', async () => {
  const cluster = new SimulatedCluster({ workers: 0 })
  // The process's own clock: the manual one does not move while a function runs.
  const host: CollectionHost = {
    id: 1,
    workers: () => [],
    lossOf: () => undefined,
    onMembershipChange: () => () => {},
    ship: (fn) => ({ fn }),
    start: (...args) => cluster.start(...args),
  }
  const busy = (): void => {
    const end = performance.now() + 5
    while (performance.now() < end);
  }
  const result = pmap(host, busy, upTo(400), { signal: AbortSignal.timeout(20) })
  await expect(result).rejects.toThrow('timeout')
  expect(cluster.calls.length).toBeLessThan(50)
})

test('pmap() uses the workers of its pool only, idle or not', async () => {
  const cluster = new SimulatedCluster({ workers: 3 })
  const pool = new WorkerPool([3, 4], cluster)
  await pool.take()
  await pmap(cluster, square, upTo(20), { pool })
  expect(new Set(cluster.calls.map(({ workerId }) => workerId))).toEqual(new Set([3, 4]))
})

test('pmap() within pmap works, also on the same pool', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const pool = new WorkerPool([2, 3], cluster)
  const outer = (x: number) => pmap(cluster, (y: number) => x * y, [1, 2, 3], { pool })
  expect(await pmap(cluster, outer, [1, 10], { pool })).toEqual([
    [1, 2, 3],
    [10, 20, 30],
  ])
})

test.each([
  ['fn', 5, [1], undefined],
  ['items', square, 5, undefined],
  ['batchSize', square, [1], { batchSize: 0 }],
  ['option', square, [1], { size: 1 }],
])('pmap() refuses a bad %s before anything starts', async (text, fn, items, options) => {
  const cluster = new SimulatedCluster({ workers: 2 })
  // The casts: what a caller without types could pass.
  const result = pmap(cluster, fn as typeof square, items as number[], options as object)
  await expect(result).rejects.toThrow(text)
  expect(cluster.calls).toEqual([])
})

test('pmap() refuses a function that cannot travel before it reads anything', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const input = new CountedInput()
  const result = pmap(
    cluster,
    Object.assign(() => 1, { isStuck: true }),
    input.sync(),
  )
  await expect(result).rejects.toBeInstanceOf(SerializationError)
  expect([input.pulled, cluster.listenerCount]).toEqual([0, 0])
})

test('pmap() gives an error of each kind as it is', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const throwing = pmap(cluster, () => Promise.reject(new TypeError('bad')), [1])
  await expect(throwing).rejects.toMatchObject({
    name: 'RemoteError',
    workerId: 2,
    cause: new TypeError('bad'),
  })
  await expect(pmap(cluster, () => 1, [() => 2])).rejects.toBeInstanceOf(SerializationError)
  await expect(pmap(cluster, () => () => 2, [1])).rejects.toBeInstanceOf(SerializationError)
  const lost = pmap(cluster, () => cluster.kill(2, oomKilled), [1])
  await expect(lost).rejects.toBeInstanceOf(WorkerTerminatedError)
})

/** Every combination of the options that change what a failure does. */
const combinations = [false, true].flatMap((distributed) =>
  ([1, 3, 'auto'] as const).flatMap((batchSize) =>
    [false, true].flatMap((hasRetries) =>
      [false, true].flatMap((hasCheck) =>
        [false, true].map((hasOnError) => ({ distributed, batchSize, hasRetries, hasCheck, hasOnError })),
      ),
    ),
  ),
)

test.each(combinations)(
  'pmap() with %o',
  async ({ distributed, batchSize, hasRetries, hasCheck, hasOnError }) => {
    const cluster = new SimulatedCluster({ workers: 3 })
    const attempts = new Map<number, number>()
    // Item 6 fails always, other even ones once.
    const fn = (x: number): number => {
      const attempt = (attempts.get(x) ?? 0) + 1
      attempts.set(x, attempt)
      if (x === 6 || (x % 2 === 0 && attempt === 1)) throw new Error(`${x} failed`)
      return x
    }
    const options = {
      distributed,
      batchSize,
      ...(hasRetries && { retryDelays: [0, 0] }),
      ...(hasCheck && {
        retryCheck: (error: Error) => error instanceof RemoteError && !error.message.includes('6 failed'),
      }),
      ...(hasOnError && {
        onError: (error: Error, item: number, index: number) =>
          error instanceof RemoteError ? 0 - item - index : 1,
      }),
    }
    const outcome = await pmap(cluster, fn, upTo(10), options).catch((error: Error) => error.name)
    const failed = hasRetries ? [6] : [0, 2, 4, 6, 8]
    const values = upTo(10).map((x) => (failed.includes(x) ? 0 - 2 * x : x))
    const tries = upTo(10).map((x) => (x % 2 === 1 || !hasRetries ? 1 : x === 6 ? (hasCheck ? 1 : 3) : 2))
    expect(outcome).toEqual(hasOnError ? values : 'RemoteError')
    expect(hasOnError ? upTo(10).map((x) => attempts.get(x)) : tries).toEqual(tries)
    expect([cluster.listenerCount, cluster.clock.pending]).toEqual([0, 0])
  },
)

test('pmap() settles with the right results whatever fails, dies and joins', async () => {
  const event = fc.record({
    at: fc.integer({ min: 0, max: 60 }),
    kind: fc.constantFrom('preempt', 'oom', 'leave', 'join'),
    which: fc.nat(),
  })
  const run = fc.record({
    workers: fc.integer({ min: 1, max: 4 }),
    count: fc.integer({ min: 0, max: 40 }),
    batchSize: fc.constantFrom(1, 3, 'auto' as const),
    input: fc.constantFrom('array', 'sync', 'async'),
    costMs: fc.integer({ min: 0, max: 30 }),
    failing: fc.array(fc.nat({ max: 40 })),
    events: fc.array(event, { maxLength: 8 }),
    hasOnError: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(
      run,
      async ({ workers, count, batchSize, input, costMs, failing, events, hasOnError }) => {
        const cluster = new SimulatedCluster({
          workers,
          latencyMs: 1,
          costMs: (x) => (Number(x) % 3) * costMs,
        })
        for (const { at, kind, which } of events) {
          cluster.clock.after(at, () => {
            const id = cluster.workers()[which % Math.max(1, cluster.workers().length)]
            if (kind === 'join') cluster.join()
            else if (kind === 'leave' && id !== undefined) {
              // Its loss is known only later.
              cluster.leave(id)
              cluster.clock.after(20, () => cluster.kill(id, preempted))
            } else if (id !== undefined) cluster.kill(id, kind === 'oom' ? oomKilled : preempted)
          })
        }
        const tried = new Set<number>()
        const fn = (x: number): number => {
          if (failing.includes(x) && !tried.has(x)) {
            tried.add(x)
            throw new Error('once')
          }
          return x * x
        }
        const counted = new CountedInput(count)
        const items = input === 'array' ? upTo(count) : input === 'sync' ? counted.sync() : counted.async()
        const options = { batchSize, retryDelays: [0.001], ...(hasOnError && { onError: () => -1 }) }
        const isRight = (outcome: unknown): boolean =>
          Array.isArray(outcome)
            ? outcome.length === count && outcome.every((x, i) => x === i * i || (hasOnError && x === -1))
            : outcome instanceof (failing.length === 0 ? WorkerTerminatedError : DialbackError)
        const result = pmap(cluster, fn, items, options)
        await cluster.clock.passUntil(result)
        const outcome = await result.catch((error: unknown) => error)
        expect(isRight(outcome)).toBe(true)
        await cluster.clock.advance(1_000)
        expect([cluster.open.length, cluster.listenerCount, cluster.clock.pending]).toEqual([0, 0, 0])
      },
    ),
    { numRuns: 300 },
  )
})

test('pmap() takes its delays from exponentialBackOff()', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const starts: number[] = []
  const fn = (): void => {
    starts.push(cluster.clock.now())
    throw new Error('no')
  }
  const retryDelays = exponentialBackOff({ n: 3, firstDelay: 1, factor: 2, jitter: 0 })
  const result = pmap(cluster, fn, [1], { retryDelays, onError: () => undefined })
  await cluster.clock.passUntil(result)
  expect(starts).toEqual([0, 1_000, 3_000, 7_000])
})
