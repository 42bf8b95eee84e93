import { expect, test } from 'vitest'
import type { CallInput } from '../src/caller.ts'
import type { CollectionOptions } from '../src/collection-options.ts'
import { pmap } from '../src/pmap.ts'
import { Gates } from './gates.ts'
import { SimulatedCluster, settle } from './simulated-cluster.ts'

const square = (x: number): number => x * x
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

/** How well `workers` are used for items that take `costMs`, where a message takes 0.1 ms: 1 is perfect. */
async function efficiency(
  costMs: (x: unknown) => number,
  items: readonly number[],
  options: CollectionOptions<number, number> = {},
): Promise<{ efficiency: number; cluster: SimulatedCluster }> {
  const cluster = new SimulatedCluster({ workers: 2, latencyMs: 0.1, costMs })
  const tookMs = await cluster.clock.passUntil(pmap(cluster, square, items, options))
  const workMs = items.reduce((sum, item) => sum + costMs(item), 0)
  return { efficiency: workMs / 2 / tookMs, cluster }
}

const firstOf = (input: CallInput): unknown => (input.kind === 'batch' ? input.items[0] : input.args[0])
const sizes = ({ calls }: SimulatedCluster): number[] =>
  calls.map(({ input }) => (input.kind === 'batch' ? input.items.length : 1))

test('Dispatcher keeps two workers busy with tasks of 5 ms', async () => {
  expect((await efficiency(() => 5, upTo(200))).efficiency).toBeGreaterThan(0.99)
})

test('Dispatcher keeps workers busy with items shorter than a round trip in batches of 10', async () => {
  expect((await efficiency(() => 0.1, upTo(2_000), { batchSize: 10 })).efficiency).toBeGreaterThan(0.97)
})

test('Dispatcher sends 10,000 trivial items in 20 messages or fewer with batchSize auto', async () => {
  const { cluster } = await efficiency(() => 0.0005, upTo(10_000), { batchSize: 'auto' })
  expect(cluster.calls.length).toBeLessThanOrEqual(20)
})

test('Dispatcher does so also when the first call of each worker takes 30 ms', async () => {
  const isFirst = (x: unknown): boolean => x === 0 || x === 8
  const { cluster } = await efficiency((x) => (isFirst(x) ? 30 : 0.0005), upTo(10_000), { batchSize: 'auto' })
  expect(cluster.calls.length).toBeLessThanOrEqual(20)
})

test('Dispatcher keeps both busy to the end with batchSize auto', async () => {
  expect((await efficiency(() => 0.2, upTo(2_000), { batchSize: 'auto' })).efficiency).toBeGreaterThan(0.95)
})

test('Dispatcher gives slow items out one by one with batchSize auto', async () => {
  const { cluster } = await efficiency(() => 1_000, upTo(60), { batchSize: 'auto' })
  expect(sizes(cluster)).toEqual([8, 8, 4, 4, ...Array<number>(36).fill(1)])
})

test('Dispatcher keeps each thread of the workers busy', async () => {
  const cluster = new SimulatedCluster({ workers: 2, threads: 3, latencyMs: 0.1, costMs: () => 5 })
  const tookMs = await cluster.clock.passUntil(pmap(cluster, square, upTo(300)))
  expect((300 * 5) / 6 / tookMs).toBeGreaterThan(0.98)
})

test('Dispatcher gives a short input to one thread of each worker first', async () => {
  const cluster = new SimulatedCluster({ workers: 2, threads: 2 })
  await pmap(cluster, square, upTo(3))
  expect(cluster.calls.slice(0, 3).map(({ workerId, thread }) => [workerId, thread])).toEqual([
    [2, 0],
    [3, 0],
    [2, 1],
  ])
})

test('Dispatcher runs a batch of one lane at a time on each worker', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  await Promise.all([pmap(cluster, square, upTo(5)), pmap(cluster, square, upTo(5))])
  const lanes = new Set(cluster.calls.map(({ lane }) => lane))
  expect(lanes.size).toBe(2)
  expect(lanes).not.toContain('')
})

test('Dispatcher has a second batch wait at each worker while batches are short', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const gates = new Gates()
  const result = pmap(cluster, gates.pass, upTo(9))
  await settle()
  expect(cluster.open.length).toBe(2)
  gates.open(0)
  await settle()
  expect([cluster.open.map(({ workerId }) => workerId), gates.running]).toEqual([
    [3, 2, 2],
    [1, 2],
  ])
  gates.open(1)
  await settle()
  expect(cluster.open.map(({ workerId }) => workerId).sort((a, b) => a - b)).toEqual([2, 2, 3, 3])
  result.catch(() => {})
})

test('Dispatcher has as many items wait at each worker as take about 1 ms', async () => {
  const waiting = async (costMs: number): Promise<number> => {
    const cluster = new SimulatedCluster({ workers: 2, costMs: () => costMs })
    void pmap(cluster, square, upTo(10_000))
    await cluster.clock.advance(100)
    return cluster.open.length
  }
  expect(await Promise.all([0.05, 0.25, 1].map(waiting))).toEqual([32, 8, 4])
})

test('Dispatcher has no more than one item wait at each worker before it knows that all are short', async () => {
  const cluster = new SimulatedCluster({ workers: 2, costMs: () => 0.05 })
  void pmap(cluster, square, upTo(10_000))
  await cluster.clock.advance(1)
  expect(cluster.open.length).toBe(4)
})

test('Dispatcher has nothing wait at a worker while batches are long', async () => {
  const cluster = new SimulatedCluster({ workers: 2, costMs: () => 20 })
  void pmap(cluster, square, upTo(100))
  await cluster.clock.advance(500)
  expect(cluster.open.length).toBe(2)
})

test('Dispatcher gives what waits behind a long item to a worker that has nothing to do', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const gates = new Gates()
  const result = pmap(cluster, gates.pass, upTo(5))
  await settle()
  gates.open(0)
  await settle()
  gates.open(1)
  await settle()
  // 2 runs on one worker with 3 behind it, 4 on the other.
  gates.open(4)
  await settle()
  expect([gates.running, cluster.recalls]).toEqual([[2, 3], 1])
  gates.open(2)
  gates.open(3)
  expect(await result).toEqual(upTo(5))
})

test('Dispatcher gives all that waits behind a long item to a worker that has nothing to do', async () => {
  const costMs = (x: unknown): number => (x === 1_000 ? 500 : 0.05)
  const cluster = new SimulatedCluster({ workers: 2, latencyMs: 0.1, costMs })
  expect(await cluster.clock.passUntil(pmap(cluster, square, upTo(1_010)))).toBeLessThan(535)
  const ranOn = new Map(cluster.calls.map(({ input, workerId }) => [firstOf(input), workerId]))
  const onSlow = [...ranOn].filter(([item, id]) => Number(item) > 1_000 && id === ranOn.get(1_000))
  expect(onSlow).toEqual([])
})

test('Dispatcher goes on when a batch has begun before it could be taken back', async () => {
  const slow = new Set([4])
  const { efficiency: used } = await efficiency((x) => (slow.has(Number(x)) ? 50 : 1), upTo(9))
  expect(used).toBeGreaterThan(0.5)
})

test('Dispatcher gives a worker that joins late its share', async () => {
  const cluster = new SimulatedCluster({ workers: 1, latencyMs: 0.1, costMs: () => 5 })
  cluster.clock.after(50, () => cluster.join())
  expect(await cluster.clock.passUntil(pmap(cluster, square, upTo(50)))).toBeLessThan(155)
})
