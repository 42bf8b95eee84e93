import { expect, test } from 'vitest'
import { defaults, resolveOptions } from '../src/collection-options.ts'
import { WorkerPool } from '../src/worker-pool.ts'
import { SimulatedCluster } from './simulated-cluster.ts'

test('resolveOptions() gives the defaults for nothing, and for undefined values', () => {
  expect(resolveOptions('pmap', undefined)).toEqual(defaults)
  expect(resolveOptions('pmap', { batchSize: undefined, pool: undefined })).toEqual(defaults)
})

test('resolveOptions() reads durations and keeps the rest', () => {
  const pool = new WorkerPool([2], new SimulatedCluster({ workers: 1 }))
  const onError = (): number => 0
  const { signal } = new AbortController()
  const given = {
    pool,
    onError,
    signal,
    batchSize: 'auto',
    workerLosses: Number.POSITIVE_INFINITY,
    progress: true,
  }
  const delays = new Set(['100ms', 2])
  expect(resolveOptions('imap', { ...given, retryDelays: delays, ordered: false })).toEqual({
    ...defaults,
    ...given,
    delaysMs: [100, 2_000],
    ordered: false,
  })
})

test.each([
  [5, TypeError, '5'],
  [null, TypeError, 'null'],
  [{ batchsize: 2 }, TypeError, "Unknown option of pmap: 'batchsize' (known: pool, distributed, batchSize, "],
  [{ ordered: true }, TypeError, "Unknown option of pmap: 'ordered'"],
  [{ pool: [2, 3] }, TypeError, '[2,3]'],
  [{ distributed: 1 }, TypeError, '1'],
  [{ batchSize: 0 }, RangeError, '0'],
  [{ batchSize: 1.5 }, RangeError, '1.5'],
  [{ batchSize: '2' }, TypeError, "'2'"],
  [{ retryDelays: 1 }, TypeError, '1'],
  [{ retryDelays: '5s' }, TypeError, "'5s'"],
  [{ retryDelays: [0, 'x'] }, TypeError, 'retryDelays[1]'],
  [{ retryDelays: [-1] }, RangeError, '-1'],
  [{ retryCheck: true }, TypeError, 'true'],
  [{ onError: 'throw' }, TypeError, "'throw'"],
  [{ workerLosses: -1 }, RangeError, '-1'],
  [{ workerLosses: 0.5 }, RangeError, '0.5'],
  [{ workerLosses: '3' }, TypeError, "'3'"],
  [{ signal: {} }, TypeError, '{}'],
  [{ progress: 'yes' }, TypeError, "'yes'"],
])('resolveOptions() refuses %o', (options, kind, text) => {
  expect(() => resolveOptions('pmap', options)).toThrow(kind)
  expect(() => resolveOptions('pmap', options)).toThrow(text)
})
