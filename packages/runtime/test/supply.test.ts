import { RemoteError } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { imap } from '../src/imap.ts'
import { pmap } from '../src/pmap.ts'
import { CountedInput } from './counted-input.ts'
import { Gates } from './gates.ts'
import { SimulatedCluster, settle } from './simulated-cluster.ts'

test.each([
  [1, 'sync', 2],
  [5, 'sync', 10],
  ['auto', 'sync', 16],
  // An input that takes its time is read one batch ahead.
  [1, 'async', 3],
  [5, 'async', 15],
] as const)(
  'pmap() in batches of %s reads of a(n) %s input %i items at the start',
  async (batchSize, kind, count) => {
    const cluster = new SimulatedCluster({ workers: 2 })
    const input = new CountedInput()
    void pmap(cluster, new Gates().pass, input[kind](), { batchSize })
    await settle()
    expect(input.pulled).toBe(count)
  },
)

test.each([
  ['sync', 5, 4],
  ['async', 5, 4],
] as const)(
  'pmap() reads a(n) %s input one batch ahead for each worker while items are short',
  async (kind, pulled, open) => {
    const cluster = new SimulatedCluster({ workers: 2 })
    const gates = new Gates()
    const input = new CountedInput()
    void pmap(cluster, gates.pass, input[kind]())
    await settle()
    gates.open(0)
    await settle()
    expect([input.pulled, cluster.open.length]).toEqual([pulled - 1, open - 1])
    gates.open(1)
    await settle()
    expect([input.pulled, cluster.open.length]).toEqual([pulled + 1, open])
  },
)

test.each(['sync', 'async'] as const)(
  'pmap() reads a(n) %s input one item ahead while items are long',
  async (kind) => {
    const cluster = new SimulatedCluster({ workers: 2, costMs: () => 100 })
    const input = new CountedInput()
    void pmap(cluster, () => 1, input[kind]())
    let finished = 0
    for (let ms = 0; ms < 1_000; ms += 50) {
      await cluster.clock.advance(50)
      finished = cluster.calls.length - cluster.open.length
      expect(input.pulled - finished - 2).toBeLessThanOrEqual(1)
    }
    expect(finished).toBeGreaterThan(15)
  },
)

test('pmap() does not read on while items wait for their next attempt', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const input = new CountedInput()
  const fail = (): never => {
    throw new Error('no')
  }
  void pmap(cluster, fail, input.sync(), { retryDelays: [60] })
  await settle()
  expect(input.pulled).toBeLessThanOrEqual(4)
  await cluster.clock.advance(10_000)
  expect(input.pulled).toBeLessThanOrEqual(4)
})

test('pmap() fills a batch from an array past items that wait', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const first = new Set([1, 2, 3])
  const fn = (x: number): number => {
    if (first.delete(x)) throw new Error('once')
    return x
  }
  const result = pmap(cluster, fn, [1, 2, 3, 4, 5], { retryDelays: [60] })
  await settle()
  expect(cluster.calls.length).toBe(5)
  await cluster.clock.passUntil(result)
  expect(await result).toEqual([1, 2, 3, 4, 5])
})

test.each([
  ['sync', 5],
  ['async', 5],
] as const)('imap() of a(n) %s input is held up by a reader that takes its time', async (kind, most) => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const input = new CountedInput()
  const results = imap(cluster, (x: number) => x, input[kind]())
  for (let fetched = 1; fetched <= 10; fetched++) {
    await results.next()
    await settle()
    expect(input.pulled - fetched).toBeLessThanOrEqual(most)
    expect(input.pulled - fetched).toBeGreaterThan(1)
  }
})

test('imap() goes on past a slow first item only as far as reading ahead is allowed', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const gates = new Gates()
  const input = new CountedInput()
  const results = imap(cluster, (x: number) => (x === 0 ? gates.pass(0) : x), input.sync())
  const first = results.next()
  await settle()
  expect(input.pulled).toBeLessThanOrEqual(5)
  gates.open(0)
  expect(await first).toEqual({ done: false, value: 0 })
})

test.each(['sync', 'async'] as const)('pmap() closes a(n) %s input once when an item fails', async (kind) => {
  const input = new CountedInput()
  const cluster = new SimulatedCluster({ workers: 2 })
  const result = pmap(cluster, () => Promise.reject(new Error('no')), input[kind]())
  await expect(result).rejects.toBeInstanceOf(RemoteError)
  expect(input.closed).toBe(1)
})

test.each(['sync', 'async'] as const)(
  'pmap() does not close a(n) %s input that it has read to its end',
  async (kind) => {
    const input = new CountedInput(3)
    await pmap(new SimulatedCluster({ workers: 2 }), () => 1, input[kind]())
    expect([input.pulled, input.closed]).toEqual([3, 0])
  },
)

test('pmap() rejects with what its input throws, and cancels what runs', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  function* input(): Generator<number> {
    yield 1
    throw new TypeError('broken')
  }
  await expect(pmap(cluster, new Gates().pass, input())).rejects.toThrow(new TypeError('broken'))
  expect(cluster.calls.map(({ cancelledFor }) => cancelledFor)).toMatchObject([{ name: 'AbortError' }])
})

test('pmap() of an async input that is slow does not wait until a batch is full', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const results: number[] = []
  // Its second item is there only after its first has a result.
  async function* input(): AsyncGenerator<number> {
    yield 1
    while (results.length === 0) await new Promise<void>((resolve) => cluster.clock.after(1, resolve))
    yield 2
  }
  const fn = (x: number): number => results.push(x)
  const result = pmap(cluster, fn, input(), { batchSize: 10 })
  await cluster.clock.passUntil(result)
  expect(results).toEqual([1, 2])
})
