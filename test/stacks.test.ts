import { readFileSync } from 'node:fs'
import type { RemoteError } from '@dialback/manager'
import { expect, test } from 'vitest'
import { startCluster } from './test-cluster.ts'

function fails(what: string): never {
  throw new RangeError(what)
}

/** The place of some text in this file as a stack shows it. */
function placeOf(text: string): string {
  const before =
    readFileSync(import.meta.filename, 'utf8')
      .split(text)[0]
      ?.split('\n') ?? []
  return `${import.meta.url}:${before.length}:${(before.at(-1) ?? '').length + 1}`
}

test('the stack of a RemoteError leads to the lines of the user, and to nothing else', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const frames = [`    at fails (${placeOf('new RangeError(what)')})`]

  const one = await cluster
    .remoteCallFetch(() => fails('one'), 2)
    .catch((error: unknown) => error as RemoteError)
  const batch = await cluster
    .pmap((what) => fails(what), ['a', 'b'], { batchSize: 2 })
    .catch((error: unknown) => error as RemoteError)

  expect((one as RemoteError).stack?.split('\n')).toEqual([
    'RemoteError: On worker 2: RangeError: one',
    ...frames,
    `    at ${placeOf("fails('one')")}`,
  ])
  expect(((one as RemoteError).cause as Error).stack?.split('\n')).toEqual([
    'RangeError: one',
    ...frames,
    `    at ${placeOf("fails('one')")}`,
  ])
  expect((batch as RemoteError).stack?.split('\n')).toEqual([
    'RemoteError: On worker 2: RangeError: a',
    ...frames,
    `    at ${placeOf('fails(what), [')}`,
  ])
})

test('an error of ours that user code caused keeps its stack', async () => {
  await using started = await startCluster(1)

  const thrown = await started.cluster
    .remoteCallFetch(() => Promise.reject(new Error('from nowhere', { cause: 1 })), 2)
    .catch((error: unknown) => error as RemoteError)

  expect((thrown as RemoteError).cause).toMatchObject({ message: 'from nowhere', cause: 1 })
  expect((thrown as RemoteError).stack).toContain(placeOf("new Error('from nowhere'"))
})

test('the stack of a refusal to send leads to the line that made the call', async () => {
  await using started = await startCluster(1)
  const { cluster } = started
  const promise = Promise.resolve(1)
  const channel = cluster.remoteChannel<unknown>({ on: 2 })
  const stackOf = async (made: Promise<unknown>): Promise<unknown> =>
    await made.catch((error: Error) => error.stack)

  // The first one finds what describes functions not loaded yet.
  expect(await stackOf(cluster.remoteCallFetch(String, 2, promise))).toContain(
    placeOf('remoteCallFetch(String'),
  )
  expect(await stackOf(cluster.remoteCall(String, 2, promise).fetch())).toContain(
    placeOf('remoteCall(String'),
  )
  expect(await stackOf(cluster.pmap(String, [promise]))).toContain(placeOf('pmap(String'))
  expect(await stackOf(cluster.everywhere({ promise }))).toContain(placeOf('everywhere({ promise'))
  expect(await stackOf(cluster.remoteCallFetch(() => promise, 2))).toContain(
    placeOf('remoteCallFetch(() => promise'),
  )
  expect(await stackOf(channel.put(promise))).toContain(placeOf('put(promise'))
})

test('the stack of a refusal to send is as long as the program has them', async () => {
  await using started = await startCluster(1)
  const call = async (): Promise<Error> =>
    await started.cluster.remoteCallFetch(String, 2, Promise.resolve(1)).then(
      () => new Error('was sent'),
      (error: unknown) => error as Error,
    )
  const deep = async (depth: number): Promise<Error> => (depth === 0 ? await call() : await deep(depth - 1))
  const limit = Error.stackTraceLimit
  try {
    for (const few of [3, 0]) {
      Error.stackTraceLimit = few
      const { stack } = await deep(60)
      expect(stack?.split('\n').slice(1)).toHaveLength(few)
      expect(Error.stackTraceLimit).toBe(few)
    }
  } finally {
    Error.stackTraceLimit = limit
  }
})

test.each([
  [() => Symbol('sign'), 'RemoteError: On worker 2: Error: Symbol(sign)'],
  [() => 'text', 'RemoteError: On worker 2: text'],
  [() => null, 'RemoteError: On worker 2: null'],
])('what is thrown and is no error brings no stack of ours: %s', async (make: () => unknown, stack) => {
  await using started = await startCluster(1)
  const fail = () => {
    throw make() as Error
  }

  const one = await started.cluster.remoteCallFetch(fail, 2).catch((error: unknown) => error as RemoteError)
  const batch = await started.cluster
    .pmap(fail, [1, 2], { batchSize: 2 })
    .catch((error: unknown) => error as RemoteError)

  expect((one as RemoteError).stack).toBe(stack)
  expect((batch as unknown as RemoteError).stack).toBe(stack)
})
