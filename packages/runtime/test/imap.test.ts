import { AbortError, RemoteError, SerializationError } from '@dialback/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { imap } from '../src/imap.ts'
import { CountedInput } from './counted-input.ts'
import { Gates } from './gates.ts'
import { oomKilled, preempted, SimulatedCluster, settle } from './simulated-cluster.ts'

const square = (x: number): number => x * x
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

async function collect<R>(results: AsyncIterable<R>): Promise<R[]> {
  const list: R[] = []
  for await (const result of results) list.push(result)
  return list
}

test.each([1, 3, 'auto'] as const)(
  'imap() gives results in input order in batches of %s',
  async (batchSize) => {
    const cluster = new SimulatedCluster({ workers: 2 })
    expect(await collect(imap(cluster, square, upTo(50), { batchSize }))).toEqual(upTo(50).map(square))
  },
)

test('imap() gives a result as soon as it and all before it are there', async () => {
  const cluster = new SimulatedCluster({ workers: 3 })
  const gates = new Gates()
  const results = imap(cluster, gates.pass, [1, 2, 3])
  const seen: unknown[] = []
  const reading = (async () => {
    for await (const result of results) seen.push(result)
  })()
  for (const [key, expected] of [
    [2, []],
    [1, [1, 2]],
    [3, [1, 2, 3]],
  ] as const) {
    await settle()
    gates.open(key)
    await settle()
    expect(seen).toEqual(expected)
  }
  await reading
})

test('imap() with ordered: false gives results as they finish', async () => {
  const cluster = new SimulatedCluster({ workers: 3 })
  const gates = new Gates()
  const results = collect(imap(cluster, gates.pass, [1, 2, 3], { ordered: false }))
  for (const key of [2, 3, 1]) {
    await settle()
    gates.open(key)
  }
  expect(await results).toEqual([2, 3, 1])
})

test('imap() begins when the first result is asked for', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const results = imap(cluster, square, [2])
  await settle()
  expect(cluster.calls).toEqual([])
  expect(await results.next()).toEqual({ done: false, value: 4 })
  expect(await results.next()).toEqual({ done: true, value: undefined })
})

test('imap() gives undefined results like others', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  expect(await collect(imap(cluster, () => undefined, [1, 2]))).toEqual([undefined, undefined])
})

test('imap() answers calls of next() that overlap in turn', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const results = imap(cluster, square, [1, 2])
  const all = await Promise.all([results.next(), results.next(), results.next(), results.next()])
  expect(all.map(({ value }) => value)).toEqual([1, 4, undefined, undefined])
})

test.each(['sync', 'async'] as const)(
  'leaving the loop cancels what runs and closes a(n) %s input',
  async (kind) => {
    const cluster = new SimulatedCluster({ workers: 2 })
    const gates = new Gates()
    const input = new CountedInput()
    for await (const result of imap(cluster, (x: number) => (x === 0 ? x : gates.pass(x)), input[kind]())) {
      expect(result).toBe(0)
      await settle()
      break
    }
    expect([input.closed, cluster.listenerCount]).toEqual([1, 0])
    await settle()
    expect(cluster.open).toEqual([])
    expect(cluster.calls.slice(1).every(({ cancelledFor }) => cancelledFor instanceof AbortError)).toBe(true)
  },
)

test('return() ends those that wait, and what comes later is done', async () => {
  const results = imap(new SimulatedCluster({ workers: 1 }), new Gates().pass, [1])
  const waiting = results.next()
  await settle()
  await results.return?.()
  expect(await waiting).toEqual({ done: true, value: undefined })
  expect(await results.next()).toEqual({ done: true, value: undefined })
})

test('return() before the first result starts and reads nothing', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const input = new CountedInput()
  {
    await using results = imap(cluster, square, input.sync())
    expect(results[Symbol.asyncIterator]()).toBe(results)
  }
  expect([input.pulled, cluster.calls.length]).toEqual([0, 0])
})

test('imap() gives the results that are ready before the error, and is then done', async () => {
  const cluster = new SimulatedCluster({ workers: 3 })
  const gates = new Gates()
  const results = imap(cluster, gates.pass, [1, 2, 3])
  const first = results.next()
  await settle()
  gates.open(1)
  gates.open(2)
  await settle()
  gates.fail(3, new Error('no'))
  await settle()
  expect([await first, await results.next()].map(({ value }) => value)).toEqual([1, 2])
  await expect(results.next()).rejects.toBeInstanceOf(RemoteError)
  expect(await results.next()).toEqual({ done: true, value: undefined })
})

test('imap() rejects at once when somebody waits', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const gates = new Gates()
  const results = imap(cluster, gates.pass, [1, 2])
  const [first, second] = [results.next(), results.next()]
  await settle()
  gates.fail(2, new Error('no'))
  await expect(first).rejects.toThrow('no')
  expect(await second).toEqual({ done: true, value: undefined })
})

test('imap() rejects with the reason of its signal, also before it began', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const controller = new AbortController()
  const [running, later] = [1, 2].map(() =>
    imap(cluster, new Gates().pass, [1], { signal: controller.signal }),
  )
  const first = running?.next()
  await settle()
  controller.abort('enough')
  await expect(first).rejects.toBe('enough')
  await expect(later?.next()).rejects.toBe('enough')
})

test('imap() refuses a bad option or function where it is called', () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const stuck = Object.assign(() => 1, { isStuck: true })
  expect(() => imap(cluster, square, [1], { batchSize: -1 })).toThrow(RangeError)
  expect(() => imap(cluster, stuck, [1])).toThrow(SerializationError)
})

test('imap() passes on what opening the input throws', async () => {
  const input: Iterable<number> = {
    [Symbol.iterator]() {
      throw new Error('closed for today')
    },
  }
  const results = imap(new SimulatedCluster({ workers: 1 }), square, input)
  await expect(results.next()).rejects.toThrow('closed for today')
})

test('imap() gives every result once, whatever dies and however slowly they are fetched', async () => {
  const run = fc.record({
    workers: fc.integer({ min: 1, max: 3 }),
    count: fc.nat({ max: 30 }),
    batchSize: fc.constantFrom(1, 3, 'auto' as const),
    isLazy: fc.boolean(),
    ordered: fc.boolean(),
    pauses: fc.array(fc.nat({ max: 60 }), { minLength: 1, maxLength: 5 }),
    kills: fc.array(fc.record({ at: fc.nat({ max: 100 }), isItems: fc.boolean() }), { maxLength: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(run, async ({ workers, count, batchSize, isLazy, ordered, pauses, kills }) => {
      const cluster = new SimulatedCluster({ workers, latencyMs: 1, costMs: (x) => (Number(x) % 4) * 10 })
      for (const { at, isItems } of kills) {
        cluster.clock.after(at, () => {
          cluster.join()
          cluster.kill(cluster.workers()[0] ?? 0, isItems ? oomKilled : preempted)
        })
      }
      const items = isLazy ? new CountedInput(count).sync() : upTo(count)
      const results = imap(cluster, square, items, { batchSize, ordered, retryDelays: [0, 0, 0] })
      const reading = (async () => {
        const list: number[] = []
        for await (const result of results) {
          list.push(result)
          const ms = pauses[list.length % pauses.length] ?? 0
          await new Promise<void>((resolve) => cluster.clock.after(ms, resolve))
        }
        return list
      })()
      await cluster.clock.passUntil(reading)
      const list = await reading
      expect(ordered ? list : list.sort((a, b) => a - b)).toEqual(upTo(count).map(square))
    }),
    { numRuns: 150 },
  )
})
