import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import { addProcs, Cluster, LocalManager, WorkerPool } from '@dialback/manager'
import { expect, test } from 'vitest'
import { processesOf } from './support/processes.ts'
import { startCluster } from './test-cluster.ts'

// What comes from JavaScript need not be what the types say.
type Loose = Record<
  | 'addProcs'
  | 'rmProcs'
  | 'interrupt'
  | 'everywhere'
  | 'remoteCall'
  | 'remoteCallFetch'
  | 'remoteCallWait'
  | 'remoteDo'
  | 'pmap'
  | 'imap'
  | 'preduce'
  | 'remote'
  | 'setLogger'
  | 'future',
  (...args: unknown[]) => unknown
>

test('addProcs(0) gives [] and starts nothing', async () => {
  await using started = await startCluster()

  expect(await started.cluster.addProcs(0, { env: started.env })).toEqual([])
  expect(processesOf(started.env['DIALBACK_TEST_ID'] ?? '')).toEqual([])
})

const launches: readonly [args: unknown[], kind: ErrorConstructor, repeated: string][] = [
  [[-1], RangeError, '-1'],
  [[1.5], RangeError, '1.5'],
  [[Number.NaN], RangeError, 'NaN'],
  [[Number.POSITIVE_INFINITY], RangeError, 'Infinity'],
  [[2 ** 53], RangeError, '9007199254740992'],
  [['3'], TypeError, "'3'"],
  [[null], TypeError, 'null'],
  [[2n], TypeError, '2n'],
  [[true], TypeError, 'true'],
  [[[2]], TypeError, '[2]'],
  [[{}], TypeError, '{}'],
  [[1, { threds: 2 }], TypeError, 'threds'],
  [[1, 5], TypeError, '5'],
  [[1, null], TypeError, 'null'],
  [[1, { threads: 0 }], RangeError, '0'],
  [[1, { threads: 1.5 }], RangeError, '1.5'],
  [[1, { threads: '2' }], TypeError, "'2'"],
  [[1, { connectTimeout: -1 }], RangeError, '-1'],
  [[1, { connectTimeout: '5 parsecs' }], TypeError, '5 parsecs'],
  [[1, { connectTimeout: {} }], TypeError, '{}'],
  [[1, { env: 'A=1' }], TypeError, "'A=1'"],
  [[1, { env: { A: 1 } }], TypeError, '1'],
  [[1, { env: { '': 'a' } }], RangeError, "''"],
  [[1, { env: { 'A=B': 'a' } }], RangeError, "'A=B'"],
  [[1, { env: { A: 'a\0b' } }], RangeError, 'env.A'],
  [[1, { execArgv: '--inspect' }], TypeError, "'--inspect'"],
  [[1, { execArgv: [1] }], TypeError, '[1]'],
  [[1, { cwd: 7 }], TypeError, '7'],
  [[1, { cwd: '/is/not/there' }], RangeError, '/is/not/there'],
  [[1, { cwd: process.execPath }], RangeError, process.execPath],
  [[1, { threads: null }], TypeError, 'null'],
  [[1, { connectTimeout: null }], TypeError, 'null'],
  [[{ launch: 1 }], TypeError, '{"launch":1}'],
  [[1, { signal: 'stop' }], TypeError, "'stop'"],
  [[new LocalManager(1), { env: {} }], TypeError, "'env' (known: signal, external, code)"],
  [
    [1, { signl: 1 }],
    TypeError,
    "'signl' (known: env, execArgv, cwd, threads, connectTimeout, signal, external, code)",
  ],
]

test.each(titled(launches))(
  'addProcs%s is an error that repeats what was received, and starts nothing',
  async (_title, [args, kind, repeated]) => {
    const testId = randomUUID()
    process.env['DIALBACK_TEST_ID'] = testId
    await using cluster = new Cluster({ logger: silent })

    const error = await failureOf(() => loose(cluster).addProcs(...args))

    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(repeated)
    expect(processesOf(testId)).toEqual([])
    expect(cluster.procs()).toEqual([1])
    delete process.env['DIALBACK_TEST_ID']
  },
)

test('addProcs(null) of the default cluster does not mean the default', async () => {
  await expect(addProcs(null as unknown as number)).rejects.toThrow(
    new TypeError('np must be a whole number: null'),
  )
})

const calls: readonly [args: unknown[], kind: ErrorConstructor, repeated: string, method: keyof Loose][] = [
  [['2'], TypeError, "'2'", 'rmProcs'],
  [[[2, 'x']], TypeError, "'x'", 'rmProcs'],
  [[[1.5]], TypeError, '1.5', 'rmProcs'],
  [[undefined], TypeError, 'undefined', 'rmProcs'],
  [[2, { waitfor: 1 }], TypeError, 'waitfor', 'rmProcs'],
  [[2, { waitFor: -1 }], RangeError, '-1', 'rmProcs'],
  [['2'], TypeError, "'2'", 'interrupt'],
  [[[2.5]], TypeError, '2.5', 'interrupt'],
  [[5], TypeError, '5', 'everywhere'],
  [[null], TypeError, 'null', 'everywhere'],
  [['x = 1'], TypeError, "'x = 1'", 'everywhere'],
  [[[1]], TypeError, '[1]', 'everywhere'],
  [[new Map([['a', 1]])], TypeError, 'everywhere takes', 'everywhere'],
  [[Promise.resolve({ a: 1 })], TypeError, 'everywhere takes', 'everywhere'],
  [[{ a: 1 }, { proc: [1] }], TypeError, 'proc', 'everywhere'],
  [[{ a: 1 }, { procs: 2 }], TypeError, '2', 'everywhere'],
  [[{ a: 1 }, { procs: ['2'] }], TypeError, "'2'", 'everywhere'],
  [[{ a: 1 }, { replay: 'yes' }], TypeError, "'yes'", 'everywhere'],
  [['f', 2], TypeError, "'f'", 'remoteCall'],
  [[noop, '2'], TypeError, "'2'", 'remoteCall'],
  [[noop, 0], TypeError, '0', 'remoteCall'],
  [[noop, 1.5], TypeError, '1.5', 'remoteCallFetch'],
  [[noop], TypeError, 'undefined', 'remoteCallFetch'],
  [[undefined, 2], TypeError, 'undefined', 'remoteCallFetch'],
  [[noop, -2], TypeError, '-2', 'remoteCallWait'],
  [[{}, 2], TypeError, '{}', 'remoteDo'],
  [[noop, null], TypeError, 'null', 'remoteDo'],
  [['f'], TypeError, "'f'", 'remote'],
  [['stderr'], TypeError, "'stderr'", 'setLogger'],
  [[undefined], TypeError, 'undefined', 'setLogger'],
  [['2'], TypeError, "'2'", 'future'],
  [[{}], TypeError, '{}', 'future'],
  [['f', [1]], TypeError, "'f'", 'pmap'],
  [[noop, 5], TypeError, '5', 'pmap'],
  [[noop, null], TypeError, 'null', 'pmap'],
  [[noop, {}], TypeError, '{}', 'pmap'],
  [[noop, [1], { batchsize: 2 }], TypeError, 'batchsize', 'pmap'],
  [[noop, [1], { batchSize: 0 }], RangeError, '0', 'pmap'],
  [[noop, [1], { batchSize: 'big' }], TypeError, "'big'", 'pmap'],
  [[noop, [1], { retryDelays: 5 }], TypeError, '5', 'pmap'],
  [[noop, [1], { onError: true }], TypeError, 'true', 'pmap'],
  [[noop, [1], { retryCheck: 1 }], TypeError, '1', 'pmap'],
  [[noop, [1], { pool: [2] }], TypeError, '[2]', 'pmap'],
  [[noop, [1], { workerLosses: -1 }], RangeError, '-1', 'pmap'],
  [[noop, [1], { distributed: 'no' }], TypeError, "'no'", 'pmap'],
  [[noop, [1], { signal: {} }], TypeError, '{}', 'pmap'],
  [[noop, [1], { progress: 'yes' }], TypeError, "'yes'", 'pmap'],
  [[noop, 'sum', [1]], TypeError, "'sum'", 'preduce'],
]

test.each(titled(calls))(
  '%s is an error that repeats what was received',
  async (_title, [args, kind, repeated, method]) => {
    await using started = await startCluster()

    const error = await failureOf(() => loose(started.cluster)[method](...args))

    expect(error).toBeInstanceOf(kind)
    expect(error.message).toContain(repeated)
  },
)

test('new Cluster() and pools refuse what they do not know', () => {
  expect(() => Reflect.construct(Cluster, [{ loger: silent }])).toThrow(/loger/)
  expect(() => Reflect.construct(Cluster, [{ logger: 'stderr' }])).toThrow(/'stderr'/)
  expect(() => Reflect.construct(Cluster, [{ logger: {} }])).toThrow(/{}/)
  expect(() => Reflect.construct(Cluster, [{ onWorkerLog: 'stderr' }])).toThrow(/'stderr'/)
  expect(() => Reflect.construct(WorkerPool, ['2'])).toThrow(/'2'/)
  expect(() => Reflect.construct(WorkerPool, [[1.5]])).toThrow(/1\.5/)
})

test('pmap() pulls nothing from its input when an option is wrong', async () => {
  await using started = await startCluster()
  let pulled = 0
  function* items(): Generator<number> {
    pulled += 1
    yield 1
  }

  await failureOf(() => loose(started.cluster).pmap(noop, items(), { batchSize: -1 }))

  expect(pulled).toBe(0)
})

/** Names each case by its arguments. */
function titled<C extends readonly [args: unknown[], ...rest: unknown[]]>(
  cases: readonly C[],
): [title: string, case_: C][] {
  return cases.map((one) => [
    `${String(one[3] ?? '')}(${one[0].map((arg) => inspect(arg, { depth: 1 })).join(', ')})`,
    one,
  ])
}

const silent = { debug() {}, info() {}, warn() {}, error() {} }

function noop(): void {}

function loose(cluster: Cluster): Loose {
  return cluster as unknown as Loose
}

/** Whether it throws or rejects; both are errors before anything is started. */
async function failureOf(run: () => unknown): Promise<Error> {
  try {
    const result = await run()
    if (typeof result === 'object' && result !== null && Symbol.asyncIterator in result) {
      for await (const _ of result as AsyncIterable<unknown>);
    }
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('Expected an error')
}
