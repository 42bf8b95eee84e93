import { RemoteError, SerializationError, type WorkerExit, WorkerTerminatedError } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { pmap } from '../src/pmap.ts'
import { Gates } from './gates.ts'
import { oomKilled, preempted, SimulatedCluster, settle } from './simulated-cluster.ts'

const removed: WorkerExit = { reason: 'Removed', blame: 'requested' }
const crashed: WorkerExit = { reason: 'Exited', blame: 'unknown', exitCode: 1 }

/** A function that ends its worker the first `times` times that it gets an item of `items`. */
function deadly(cluster: SimulatedCluster, exit: WorkerExit, times: number, items: readonly number[] = [1]) {
  const runs = new Map<number, number>()
  const fn = (x: number): number => {
    const run = (runs.get(x) ?? 0) + 1
    runs.set(x, run)
    if (items.includes(x) && run <= times) cluster.kill(cluster.runningOn, exit)
    return x
  }
  return { fn, runs }
}

test.each<[string, WorkerExit, number, number, boolean]>([
  ['preempted', preempted, 3, 4, true],
  ['removed', removed, 3, 4, true],
  ['preempted too often', preempted, 9, 4, false],
  ['killed by the item', oomKilled, 1, 1, false],
  ['gone for an unknown reason', crashed, 1, 1, false],
])('an item whose worker is %s', async (_name, exit, times, runsExpected, isFine) => {
  const cluster = new SimulatedCluster({ workers: 6 })
  const { fn, runs } = deadly(cluster, exit, times)
  const outcome = await pmap(cluster, fn, [1]).catch((error: Error) => error.name)
  expect([outcome, runs.get(1)]).toEqual([isFine ? [1] : 'WorkerTerminatedError', runsExpected])
})

test.each([
  [0, [], 1],
  [1, [], 2],
  [0, [0], 2],
  [2, [0, 0], 5],
])(
  'an item lost each time runs again workerLosses (%i) and then retryDelays (%j) times',
  async (workerLosses, retryDelays, expected) => {
    const cluster = new SimulatedCluster({ workers: 9 })
    const { fn, runs } = deadly(cluster, preempted, 99)
    const result = pmap(cluster, fn, [1], { workerLosses, retryDelays })
    await expect(result).rejects.toBeInstanceOf(WorkerTerminatedError)
    expect(runs.get(1)).toBe(expected)
  },
)

test('an item that killed its worker gets its next attempt on another one', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const { fn, runs } = deadly(cluster, oomKilled, 1)
  expect(await pmap(cluster, fn, [1], { retryDelays: [0] })).toEqual([1])
  expect([runs.get(1), cluster.calls.map(({ workerId }) => workerId)]).toEqual([2, [2, 3]])
})

test('an item that failed gets its next attempt on another worker, if one is idle', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const fn = (): number => {
    if (cluster.runningOn === 2) throw new Error('bad worker')
    return cluster.runningOn
  }
  expect(await pmap(cluster, fn, [1], { retryDelays: [0] })).toEqual([3])
})

test('an item that waited behind the one that killed the worker is not held responsible', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const gates = new Gates()
  const runs: number[] = []
  const fn = (x: number): unknown => {
    runs.push(x)
    return x === 1 ? gates.pass(1) : x
  }
  const failed: number[] = []
  const onError = (_error: Error, item: number): unknown => failed.push(item) && 'failed'
  const result = pmap(cluster, fn, [0, 1, 2, 3], { onError })
  await settle()
  expect(cluster.open.length).toBe(2)
  cluster.join()
  cluster.kill(2, oomKilled)
  expect(await result).toEqual([0, 'failed', 2, 3])
  expect([failed, runs.sort((a, b) => a - b)]).toEqual([[1], [0, 1, 2, 3]])
})

test('of many short items at a worker that is lost the one is held responsible that ends the next one as well', async () => {
  const cluster = new SimulatedCluster({ workers: 3, latencyMs: 0.1, costMs: () => 0.05 })
  const items = Array.from({ length: 1_000 }, (_, i) => i)
  const { fn, runs } = deadly(cluster, oomKilled, Number.POSITIVE_INFINITY, [500])
  const failed: number[] = []
  const onError = (_error: Error, item: number): number => -failed.push(item)
  const values = pmap(cluster, fn, items, { onError })
  await cluster.clock.passUntil(values)
  expect(failed).toEqual([500])
  expect(await values).toEqual(items.with(500, -1))
  expect([runs.get(500), cluster.workers().length]).toEqual([2, 1])
})

test.each([preempted, oomKilled])(
  'of a batch whose worker is lost (%o) the items are run again alone',
  async (exit) => {
    const cluster = new SimulatedCluster({ workers: 2 })
    const { fn, runs } = deadly(cluster, exit, 1, [5])
    expect(await pmap(cluster, fn, [0, 1, 2, 3, 4, 5], { batchSize: 4, retryDelays: [0] })).toEqual([
      0, 1, 2, 3, 4, 5,
    ])
    expect([...runs.keys()].sort((a, b) => a - b).map((x) => runs.get(x))).toEqual([1, 1, 1, 1, 2, 2])
    const again = cluster.calls.slice(2)
    expect(again.map(({ input }) => input.kind)).toEqual(['args', 'args'])
  },
)

test('of a batch only the failed items are run again, alone, and an attempt in the batch counts', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const runs = new Map<number, number>()
  const attempts: unknown[] = []
  const fn = (x: number): number => {
    runs.set(x, (runs.get(x) ?? 0) + 1)
    if (x % 2 === 1) throw new Error('odd')
    return x
  }
  const retryCheck = (_error: Error, { attempt, item }: { attempt: number; item: number }): boolean =>
    attempts.push([item, attempt]) > 0
  const result = pmap(cluster, fn, [0, 1, 2, 3], {
    batchSize: 4,
    retryDelays: [0, 0],
    retryCheck,
    onError: () => -1,
  })
  expect(await result).toEqual([0, -1, 2, -1])
  expect([...runs.values()]).toEqual([1, 3, 1, 3])
  expect(attempts).toEqual([
    [1, 1],
    [3, 1],
    [1, 2],
    [3, 2],
  ])
  expect(cluster.calls.map(({ input }) => input.kind)).toEqual(['batch', 'args', 'args', 'args', 'args'])
})

test('of a batch with an item that cannot travel only that item fails, and no attempt is lost', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const runs: unknown[] = []
  const errors: unknown[] = []
  const onError = (error: Error, _item: unknown, index: number): string => `${errors.push(error)} at ${index}`
  const fn = (x: unknown): unknown => runs.push(x) && x
  expect(await pmap(cluster, fn, [0, () => 1, 2], { batchSize: 3, onError })).toEqual([0, '1 at 1', 2])
  expect([runs, errors[0]]).toEqual([[0, 2], expect.any(SerializationError)])
})

test('a result that cannot travel fails its own item only', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const fn = (x: number): unknown => (x === 1 ? () => x : x)
  const onError = (error: Error): string => error.name
  for (const batchSize of [1, 3]) {
    expect(await pmap(cluster, fn, [0, 1, 2], { batchSize, onError })).toEqual([0, 'SerializationError', 2])
  }
})

test('retryCheck, onError and the rejection get the same error', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const seen: unknown[] = []
  const options = {
    retryDelays: [0],
    retryCheck: (error: Error) => seen.push(error) < 0,
    onError: (error: Error) => {
      seen.push(error)
      throw error
    },
  }
  const result = pmap(cluster, () => Promise.reject(new Error('no')), [1], options)
  const rejection = await result.catch((error: unknown) => error)
  expect(seen.every((error) => error === rejection)).toBe(true)
  expect([seen.length, rejection]).toEqual([2, expect.any(RemoteError)])
})

test.each([
  ['throws', () => Promise.reject(new Error('from onError'))],
  [
    'rejects',
    () => {
      throw new Error('from onError')
    },
  ],
])('what onError %s rejects pmap', async (_name, onError) => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const result = pmap(cluster, () => Promise.reject(new Error('no')), [1, 2], { onError })
  await expect(result).rejects.toThrow('from onError')
})

test('onError may take its time, while others run', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const gates = new Gates<string>()
  const fn = (x: number): number => {
    if (x === 0) throw new Error('no')
    return x
  }
  const result = pmap<number, unknown>(cluster, fn, [0, 1, 2], { onError: () => gates.pass('handled') })
  await settle()
  expect(cluster.calls.length).toBe(3)
  gates.open('handled')
  expect(await result).toEqual(['handled', 1, 2])
})

test('what retryCheck throws rejects pmap', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const retryCheck = (): never => {
    throw new Error('from retryCheck')
  }
  const result = pmap(cluster, () => Promise.reject(new Error('no')), [1], { retryDelays: [0], retryCheck })
  await expect(result).rejects.toThrow('from retryCheck')
})

test('an error that is no item’s failure rejects pmap in spite of onError', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  cluster.start = () => {
    throw new RangeError('broken')
  }
  await expect(pmap(cluster, () => 1, [1], { onError: () => 0 })).rejects.toThrow(new RangeError('broken'))
})
