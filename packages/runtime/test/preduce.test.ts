import { RemoteError, SerializationError } from '@dialback/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { preduce } from '../src/preduce.ts'
import { WorkerPool } from '../src/worker-pool.ts'
import { CountedInput } from './counted-input.ts'
import { Gates } from './gates.ts'
import { oomKilled, preempted, SimulatedCluster, settle } from './simulated-cluster.ts'

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
const join = {
  fn: (x: number, index: number) => `${x}${x === index ? '' : '?'}`,
  reduce: (a: string, b: string) => `${a} ${b}`,
}
const asked = (n: number): string => upTo(n).join(' ')

test('preduce() folds one chunk on each worker, and their values here, in order', async () => {
  const cluster = new SimulatedCluster({ workers: 3 })
  const folds: string[] = []
  const reduce = (a: string, b: string): string => {
    folds.push(`${a}+${b}`)
    return `${a} ${b}`
  }
  expect(await preduce(cluster, { fn: (x: number) => `${x}`, reduce }, upTo(7))).toBe(asked(7))
  expect(cluster.calls.map(({ input }) => (input.kind === 'args' ? input.args : []))).toEqual([
    [[0, 1, 2], 0],
    [[3, 4], 3],
    [[5, 6], 5],
  ])
  expect(folds.slice(-2)).toEqual(['0 1 2+3 4', '0 1 2 3 4+5 6'])
})

test.each([
  ['an array', upTo(5)],
  ['a generator', upTo(5).values()],
  ['an async iterable', new CountedInput(5).async()],
])('preduce() reads %s', async (_name, items) => {
  expect(await preduce(new SimulatedCluster({ workers: 2 }), join, items)).toBe(asked(5))
})

test.each([
  ['no workers', 0, undefined],
  ['one item', 3, undefined],
  ['distributed: false', 3, { distributed: false }],
])('preduce() with %s', async (_name, workers, options) => {
  const cluster = new SimulatedCluster({ workers })
  const n = workers === 3 && options === undefined ? 1 : 6
  expect(await preduce(cluster, join, upTo(n), options)).toBe(asked(n))
})

test('preduce() awaits what fn and reduce promise, on the workers and here', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const sum = { fn: async (x: number) => x, reduce: async (a: number, b: number) => a + b }
  expect(await preduce(cluster, sum, upTo(5))).toBe(10)
})

test.each([[[]], [new Set<number>()], [new CountedInput(0).async()]])(
  'preduce() of nothing rejects',
  async (items) => {
    const result = preduce(new SimulatedCluster({ workers: 2 }), join, items)
    await expect(result).rejects.toThrow(new TypeError('Reduce of empty input with no initial value'))
  },
)

test.each([
  [1, 4],
  [3, 2],
  [100, 1],
  ['auto', 4],
] as const)(
  'preduce() with batchSize %s makes %i chunks of 7 items on 4 workers',
  async (batchSize, chunks) => {
    const cluster = new SimulatedCluster({ workers: 4 })
    expect(await preduce(cluster, join, upTo(7), { batchSize })).toBe(asked(7))
    expect(cluster.calls.length).toBe(chunks)
  },
)

test('preduce() runs a failed item again alone and folds it in at its place', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const failing = new Set([1, 4])
  const fn = (x: number): string => {
    if (failing.delete(x)) throw new Error('once')
    return `${x}`
  }
  expect(await preduce(cluster, { ...join, fn }, upTo(6), { retryDelays: [0] })).toBe(asked(6))
  expect(cluster.calls.slice(2).map(({ input }) => input)).toEqual([
    { kind: 'args', args: [1, 1] },
    { kind: 'args', args: [4, 4] },
  ])
})

test('preduce() folds in what onError gives', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const fn = (x: number): string => {
    if (x % 2 === 1) throw new TypeError('odd')
    return `${x}`
  }
  const onError = (error: Error, item: number, index: number): string =>
    `(${error instanceof RemoteError && error.cause instanceof TypeError} ${item} ${index})`
  expect(await preduce(cluster, { ...join, fn }, upTo(4), { onError })).toBe('0 (true 1 1) 2 (true 3 3)')
})

test('preduce() rejects with what fn threw', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const fn = (): Promise<string> => Promise.reject(new TypeError('no'))
  await expect(preduce(cluster, { ...join, fn }, upTo(4))).rejects.toMatchObject({
    name: 'RemoteError',
    cause: new TypeError('no'),
  })
})

test.each([
  ['on a worker', 4, 2],
  ['here', 2, 1],
])('preduce() rejects when reduce throws %s, in spite of onError', async (_name, count, workerId) => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const reduce = (): never => {
    throw new Error('cannot add')
  }
  const result = preduce(cluster, { ...join, reduce }, upTo(count), { onError: () => '' })
  await expect(result).rejects.toMatchObject({
    name: 'RemoteError',
    workerId,
    cause: new Error('cannot add'),
  })
})

test('preduce() runs a chunk again as it was when its worker was taken away', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  let deaths = 2
  const fn = (x: number): string => {
    if (x === 2 && deaths-- > 0) {
      cluster.join()
      cluster.kill(cluster.runningOn, preempted)
    }
    return `${x}`
  }
  expect(await preduce(cluster, { ...join, fn }, upTo(4))).toBe(asked(4))
  expect(cluster.calls.map(({ input }) => input.kind === 'args' && input.args[1])).toEqual([0, 2, 2, 2])
})

test('preduce() runs the items of a chunk again alone when one of them may have killed the worker', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  let deaths = 1
  const fn = (x: number): string => {
    if (x === 2 && deaths-- > 0) cluster.kill(cluster.runningOn, oomKilled)
    return `${x}`
  }
  expect(await preduce(cluster, { ...join, fn }, upTo(4), { retryDelays: [0] })).toBe(asked(4))
  expect(cluster.calls.length).toBe(4)
})

test('preduce() with an item that cannot travel rejects, or folds in what onError gives', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const items = [1, () => 2, 3]
  const names = { fn: (x: unknown): string => typeof x, reduce: join.reduce }
  await expect(preduce(cluster, names, items)).rejects.toBeInstanceOf(SerializationError)
  expect(await preduce(cluster, names, items, { onError: () => 'stuck' })).toBe('number stuck number')
})

test.each(['sync', 'async'] as const)('preduce() passes on what a(n) %s input throws', async (kind) => {
  const broken = { sync: brokenSync, async: brokenAsync }
  const result = preduce(new SimulatedCluster({ workers: 1 }), join, broken[kind]())
  await expect(result).rejects.toThrow('broken')
})

function* brokenSync(): Generator<number> {
  yield 1
  throw new Error('broken')
}

async function* brokenAsync(): AsyncGenerator<number> {
  yield* brokenSync()
}

test('preduce() ends when its signal fires, while it reads or runs', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const controller = new AbortController()
  const { signal } = controller
  const input = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) }
  const reading = preduce(cluster, join, input, { signal })
  const running = preduce(cluster, { fn: new Gates().pass, reduce: (a: unknown) => a }, [1], { signal })
  await settle()
  controller.abort(new Error('enough'))
  await expect(reading).rejects.toThrow('enough')
  await expect(running).rejects.toThrow('enough')
  await expect(preduce(cluster, join, [1], { signal })).rejects.toThrow('enough')
})

test('preduce() makes as many chunks as its pool has workers', async () => {
  const cluster = new SimulatedCluster({ workers: 4 })
  await preduce(cluster, join, upTo(10), { pool: new WorkerPool([2, 5], cluster) })
  expect(cluster.calls.map(({ workerId }) => workerId)).toEqual([2, 5])
})

test('preduce() rejects on a pool with no live worker', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const result = preduce(cluster, join, [1], { pool: new WorkerPool([], cluster) })
  await expect(result).rejects.toThrow('Cannot run preduce: no live worker in the pool')
})

test.each([
  ['fn', { ...join, fn: 1 }, [1], undefined],
  ['reduce', { ...join, reduce: undefined }, [1], undefined],
  ['items', join, 7, undefined],
  ['ordered', join, [1], { ordered: true }],
])('preduce() refuses a bad %s', async (text, verbs, items, options) => {
  // The casts: what a caller without types could pass.
  const result = preduce(
    new SimulatedCluster({ workers: 1 }),
    verbs as typeof join,
    items as number[],
    options as object,
  )
  await expect(result).rejects.toThrow(text)
})

test('preduce() keeps order for any number of items and workers', async () => {
  const numbers = [fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 6 })] as const
  await fc.assert(
    fc.asyncProperty(...numbers, async (count, workers) => {
      expect(await preduce(new SimulatedCluster({ workers }), join, upTo(count))).toBe(asked(count))
    }),
  )
})

test('preduce() rejects at once when the signal fires while the values of the chunks are folded, and folds no more', async () => {
  const cluster = new SimulatedCluster({ workers: 3 })
  const controller = new AbortController()
  const gates = new Gates()
  const folded: string[] = []
  const reduce = async (a: string, b: string): Promise<string> => {
    folded.push(`${a}+${b}`)
    await gates.pass(1)
    return `${a} ${b}`
  }
  const result = preduce(cluster, { fn: (x: number) => `${x}`, reduce }, upTo(3), {
    signal: controller.signal,
  })
  await settle()

  controller.abort(new Error('enough'))
  await expect(result).rejects.toThrow('enough')
  gates.open(1)
  await settle()

  expect(folded).toEqual(['0+1'])
})
