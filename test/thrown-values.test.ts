import { Socket } from 'node:net'
import { RemoteError, remoteCallFetch, SerializationError } from '@dialback/manager'
import { expect, test } from 'vitest'
import { startCluster } from './test-cluster.ts'

/** What a function may throw, made where it is thrown; and what is to be seen of it here. */
const throwables: readonly [title: string, make: () => unknown, message: RegExp, cause: unknown][] = [
  ['a string', () => 'just text', /^On worker 2: just text$/, 'just text'],
  ['an empty string', () => '', /^On worker 2: $/, ''],
  ['undefined', () => undefined, /^On worker 2: undefined$/, undefined],
  ['null', () => null, /^On worker 2: null$/, null],
  ['a number', () => -0, /^On worker 2: -?0$/, -0],
  ['a bigint', () => 2n ** 70n, /^On worker 2: 1180591620717411303424/, 2n ** 70n],
  ['an object', () => ({ code: 7 }), /^On worker 2: /, { code: 7 }],
  [
    'an object without prototype',
    () => Object.assign(Object.create(null), { code: 7 }),
    /^On worker 2: /,
    { code: 7 },
  ],
  ['a symbol', () => Symbol('sign'), /^On worker 2: .*sign/, expect.anything()],
  ['a function', () => () => 5, /^On worker 2: /, expect.anything()],
  ['a promise', () => Promise.resolve(1), /^On worker 2: /, expect.anything()],
  [
    'an error with circular fields',
    circularError,
    /^On worker 2: Error: round$/,
    expect.objectContaining({ message: 'round' }),
  ],
  [
    'an error that is its own cause',
    selfCausedError,
    /^On worker 2: Error: me$/,
    expect.objectContaining({ message: 'me' }),
  ],
  [
    'an error with a getter that throws',
    getterError,
    /^On worker 2: Error: outer$/,
    expect.objectContaining({ message: 'outer' }),
  ],
  ['an error whose message is a getter that throws', messageGetterError, /^On worker 2: /, expect.anything()],
  [
    'an error whose fields cannot travel',
    socketError,
    /^On worker 2: Error: with a socket$/,
    expect.objectContaining({ message: 'with a socket' }),
  ],
  ['a proxy that throws at every touch', hostileProxy, /^On worker 2: /, expect.anything()],
  ['a revoked proxy', revokedProxy, /^On worker 2: /, expect.anything()],
  [
    'an AggregateError',
    () => new AggregateError([new RangeError('a'), 'b'], 'both'),
    /^On worker 2: AggregateError: both$/,
    expect.objectContaining({ errors: [expect.any(RangeError), 'b'] }),
  ],
  [
    'a frozen error',
    () => Object.freeze(new RangeError('cold')),
    /^On worker 2: RangeError: cold$/,
    expect.any(RangeError),
  ],
  [
    'an error with a stack that is no string',
    () => Object.assign(new Error('odd'), { stack: 5 }),
    /^On worker 2: Error: odd$/,
    expect.anything(),
  ],
  [
    'an error with a message that is no string',
    () => Object.assign(new Error(), { message: { toString: () => 'm' } }),
    /^On worker 2: /,
    expect.anything(),
  ],
  [
    'an error nested a thousand causes deep',
    deepError,
    /^On worker 2: Error: level 0$/,
    expect.objectContaining({ message: 'level 0' }),
  ],
  [
    'a DOMException',
    () => new DOMException('gone', 'AbortError'),
    /^On worker 2: AbortError: gone$/,
    expect.objectContaining({ message: 'gone' }),
  ],
]

test.each(throwables)(
  'a function that throws %s rejects its own call only',
  async (_title, make, message, cause) => {
    await using started = await startCluster(1)
    const { cluster } = started
    const throwIt = (): never => {
      throw make()
    }

    const other = cluster.remoteCallFetch(
      () => new Promise((resolve) => setTimeout(resolve, 100, 'other')),
      2,
    )
    const errors = await Promise.all([
      rejectionOf(cluster.remoteCallFetch(throwIt, 2)),
      rejectionOf(cluster.remoteCallFetch(async () => await Promise.reject(make()), 2)),
      rejectionOf(cluster.remoteCall(throwIt, 2).fetch()),
    ])

    for (const error of errors) {
      expect(error).toBeInstanceOf(RemoteError)
      expect(error).toMatchObject({ workerId: 2, message: expect.stringMatching(message) })
      expect((error as RemoteError).cause).toEqual(cause)
    }
    expect(await other).toBe('other')
    expect(cluster.workers()).toEqual([2])
  },
)

test('what a module throws that a function needs is thrown by the call', async () => {
  await using started = await startCluster(1)
  const load = async (): Promise<number> => (await import('./fixtures/throws-when-loaded.ts')).value

  for (const _ of [1, 2]) {
    const error = await rejectionOf(started.cluster.remoteCallFetch(load, 2))
    expect(error).toBeInstanceOf(RemoteError)
    expect(error).toMatchObject({ message: 'On worker 2: RangeError: Not in this place', workerId: 2 })
  }
  expect(await started.cluster.remoteCallFetch(() => 'usable', 2)).toBe('usable')
})

test('what a function on the manager throws rejects the nested call of a worker only', async () => {
  await using started = await startCluster(1)
  const { cluster } = started

  for (const [, make] of throwables) {
    const error = await rejectionOf(
      cluster.remoteCallFetch(
        async () =>
          await remoteCallFetch(() => {
            throw make()
          }, 1),
        2,
      ),
    )
    expect(error).toMatchObject({
      name: 'RemoteError',
      workerId: 2,
      message: expect.stringMatching(/^On worker 2: On worker 1: /),
    })
  }
})

test.each<[string, () => unknown]>([
  ['a symbol', () => Symbol('sign')],
  ['a promise within an object', () => ({ later: Promise.resolve(1) })],
  ['a WeakMap', () => ({ weak: new WeakMap() })],
  ['a socket', async () => new (await import('node:net')).Socket()],
  [
    'an object with a getter that throws',
    () => Object.defineProperty({}, 'x', { enumerable: true, get: throwing }),
  ],
  ['a proxy that throws at every touch', () => [hostileProxy()]],
])('a result that cannot travel, %s, fails its own call only', async (_title, make) => {
  await using started = await startCluster(1)
  const { cluster } = started

  const other = cluster.remoteCallFetch(() => new Promise((resolve) => setTimeout(resolve, 50, 'other')), 2)
  const error = await rejectionOf(cluster.remoteCallFetch(async () => await make(), 2))
  const kept = await rejectionOf(cluster.remoteCall(async () => await make(), 2).fetch())

  expect(error).toBeInstanceOf(SerializationError)
  expect(kept).toBeInstanceOf(SerializationError)
  expect(await other).toBe('other')
})

test('an argument that cannot travel is refused, and nothing of the call is sent', async () => {
  await using started = await startCluster(1)
  const { cluster } = started

  for (const value of [Symbol('sign'), Promise.resolve(1), new WeakMap(), hostileProxy()]) {
    const error = await rejectionOf(
      cluster.remoteCallFetch((_: unknown) => Reflect.set(globalThis, 'called', true), 2, value),
    )
    expect(error).toBeInstanceOf(SerializationError)
    expect(await rejectionOf(cluster.remoteCall((_: unknown) => 0, 2, value).fetch())).toBeInstanceOf(
      SerializationError,
    )
  }
  expect(await cluster.remoteCallFetch(() => Reflect.has(globalThis, 'called'), 2)).toBe(false)
})

function circularError(): Error {
  const error: Error & { self?: unknown } = new Error('round')
  error.self = { error, list: [error] }
  return error
}

function selfCausedError(): Error {
  const error = new Error('me')
  error.cause = error
  return error
}

function throwing(): never {
  throw new Error('from a getter')
}

function getterError(): Error {
  return Object.defineProperty(new Error('outer'), 'detail', { enumerable: true, get: throwing })
}

function messageGetterError(): Error {
  return Object.defineProperties(new Error('hidden'), {
    message: { get: throwing },
    name: { get: throwing },
    stack: { get: throwing },
  })
}

function socketError(): Error {
  return Object.assign(new Error('with a socket'), {
    socket: new WeakMap(),
    later: Promise.resolve(),
    sign: Symbol('s'),
  })
}

function hostileProxy(): object {
  const traps = Object.fromEntries(Reflect.ownKeys(Reflect).map((name) => [name, throwing]))
  return new Proxy({}, traps)
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function deepError(): Error {
  let error: Error | undefined
  for (let level = 1_000; level >= 0; level--) error = new Error(`level ${level}`, { cause: error })
  return error ?? new Error()
}

async function rejectionOf(call: Promise<unknown>): Promise<unknown> {
  return await call.then(
    (value) => `resolved: ${typeof value}`,
    (reason: unknown) => reason,
  )
}

class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly status = 404
  readonly retry = (): string => `again after ${this.status}`
  readonly request = new Socket()
}

test('of an error with a field that cannot travel all else arrives', async () => {
  await using started = await startCluster(1)
  const fail = (): never => {
    throw new HttpError('not found', { cause: [new RangeError('inner')] })
  }

  const alone = (await started.cluster.remoteCallFetch(fail, 2).catch(causeOf)) as HttpError
  const inBatch = (await started.cluster.pmap(fail, [1, 2], { batchSize: 2 }).catch(causeOf)) as HttpError

  for (const cause of [alone, inBatch]) {
    expect(cause).toBeInstanceOf(HttpError)
    expect(cause).toMatchObject({
      name: 'HttpError',
      message: 'not found',
      status: 404,
      cause: [{ message: 'inner' }],
    })
    expect('request' in cause).toBe(false)
    expect(cause.stack).toContain('thrown-values.test.ts')
  }
})

function causeOf(error: unknown): unknown {
  return (error as RemoteError).cause
}
