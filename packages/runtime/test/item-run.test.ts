import { setImmediate as nextTurn } from 'node:timers/promises'
import { AbortError, RemoteError } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { pmap } from '../src/pmap.ts'
import { CountedInput } from './counted-input.ts'
import { Gates } from './gates.ts'
import { SimulatedCluster, settle } from './simulated-cluster.ts'

test('a failure rejects at once, cancels what runs, and starts nothing more', async () => {
  const cluster = new SimulatedCluster({ workers: 3 })
  const gates = new Gates()
  const input = new CountedInput()
  const result = pmap(cluster, gates.pass, input.sync())
  await settle()
  gates.fail(1, new Error('no'))
  await expect(result).rejects.toBeInstanceOf(RemoteError)
  expect(cluster.calls.map(({ cancelledFor }) => cancelledFor)).toEqual([
    expect.any(AbortError),
    undefined,
    expect.any(AbortError),
  ])
  await settle()
  expect([cluster.calls.length, input.pulled, input.closed, cluster.listenerCount]).toEqual([3, 3, 1, 0])
})

test('what waits at a worker is cancelled too', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const gates = new Gates()
  const result = pmap(cluster, gates.pass, [0, 1, 2, 3])
  await settle()
  gates.open(0)
  await settle()
  gates.fail(1, new Error('no'))
  await expect(result).rejects.toThrow('no')
  await settle()
  expect(cluster.open).toEqual([])
  expect(gates.running).toEqual([2])
})

test('all promises are handled when everything fails at once', async () => {
  const unhandled: unknown[] = []
  const listener = (error: unknown): unknown => unhandled.push(error)
  process.on('unhandledRejection', listener)
  const cluster = new SimulatedCluster({ workers: 4 })
  const result = pmap(cluster, () => Promise.reject(new Error('no')), new CountedInput().async(), {
    batchSize: 2,
  })
  await expect(result).rejects.toThrow('no')
  await settle()
  process.off('unhandledRejection', listener)
  expect(unhandled).toEqual([])
})

test.each([
  ['an error', new Error('stop')],
  ['another value', 'stop'],
  ['null', null],
])('an abort with %s rejects with it, cancels with it, and closes the input', async (_name, reason) => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const controller = new AbortController()
  const input = new CountedInput()
  const result = pmap(cluster, new Gates().pass, input.async(), { signal: controller.signal })
  await settle()
  controller.abort(reason)
  expect(await result.catch((error: unknown) => error)).toBe(reason)
  expect(input.closed).toBe(1)
})

test('an abort cancels calls with its reason', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const controller = new AbortController()
  const result = pmap(cluster, new Gates().pass, [1, 2], { signal: controller.signal })
  await settle()
  controller.abort('enough')
  await result.catch(() => {})
  expect(cluster.calls.map(({ cancelledFor }) => cancelledFor)).toEqual(['enough', 'enough'])
})

test('an abort ends waiting for the next attempt', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const controller = new AbortController()
  const options = { retryDelays: [60], signal: controller.signal }
  const result = pmap(cluster, () => Promise.reject(new Error('no')), [1], options)
  await settle()
  expect(cluster.clock.pending).toBe(1)
  controller.abort(new Error('enough'))
  await expect(result).rejects.toThrow('enough')
  expect(cluster.clock.pending).toBe(0)
})

test('an abort rejects while the input keeps everybody waiting', async () => {
  const controller = new AbortController()
  const input = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) }
  const result = pmap(new SimulatedCluster({ workers: 1 }), () => 1, input, { signal: controller.signal })
  controller.abort(new Error('enough'))
  await expect(result).rejects.toThrow('enough')
})

test('with a signal that has fired nothing is read', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  const input = new CountedInput()
  const result = pmap(cluster, () => 1, input.sync(), { signal: AbortSignal.abort(new Error('before')) })
  await expect(result).rejects.toThrow('before')
  expect([input.pulled, cluster.calls.length]).toEqual([0, 0])
})

test('an input that aborts the signal itself is closed', async () => {
  const controller = new AbortController()
  let isClosed = false
  function* input(): Generator<number> {
    try {
      yield 1
      controller.abort(new Error('from within'))
      yield 2
    } finally {
      isClosed = true
    }
  }
  const cluster = new SimulatedCluster({ workers: 2 })
  const result = pmap(cluster, (x: number) => x, input(), { signal: controller.signal })
  await expect(result).rejects.toThrow('from within')
  expect([isClosed, cluster.calls.length]).toEqual([true, 1])
})

test('an input that adds workers while it is read does no harm', async () => {
  const cluster = new SimulatedCluster({ workers: 1 })
  function* input(): Generator<number> {
    for (let i = 0; i < 10; i++) {
      cluster.join()
      yield i
    }
  }
  expect(await pmap(cluster, (x: number) => x, input())).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('nothing is left behind after the end', async () => {
  const cluster = new SimulatedCluster({ workers: 2 })
  const { signal } = new AbortController()
  await pmap(cluster, (x: number) => x, [1, 2, 3], { signal, progress: () => {} })
  await nextTurn()
  expect([cluster.listenerCount, cluster.clock.pending, cluster.open.length]).toEqual([0, 0, 0])
})
