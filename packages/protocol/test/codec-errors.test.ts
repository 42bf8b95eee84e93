import { types } from 'node:util'
import { createContext, runInContext } from 'node:vm'
import { expect, test } from 'vitest'
import {
  AbortError,
  AuthenticationError,
  LaunchError,
  ProtocolError,
  RemoteError,
  SerializationError,
  VersionMismatchError,
  WorkerTerminatedError,
} from '../src/errors.ts'
import { sourceHooks, travel } from './codec-travel.ts'

const builtin = [
  new Error('message'),
  new EvalError('message'),
  new RangeError('message'),
  new ReferenceError('message'),
  new SyntaxError('message'),
  new TypeError('message', { cause: { deep: [1] } }),
  new URIError('message'),
  new AggregateError([new TypeError('one'), 'two'], 'message'),
  Object.assign(new Error('with fields'), {
    code: 'ENOENT',
    errno: -2,
    path: '/x',
    nested: { map: new Map([[1, 2]]) },
  }),
  Object.assign(new TypeError('renamed'), { name: 'OtherError' }),
  Object.assign(
    Reflect.construct(SuppressedError, [new Error('second'), new Error('first'), 'both']) as Error,
    { code: 1 },
  ),
  new Error('no cause', { cause: undefined }),
  new Error(),
]

test.each(builtin)('%s arrives with class, properties and stack', (error) => {
  const arrived = travel(error) as Error

  expect(Object.getPrototypeOf(arrived)).toBe(Object.getPrototypeOf(error))
  expect(types.isNativeError(arrived)).toBe(true)
  expect(Object.getOwnPropertyNames(arrived).sort()).toEqual(Object.getOwnPropertyNames(error).sort())
  expect(Object.keys(arrived)).toEqual(Object.keys(error))
  expect(arrived).toEqual(error)
  expect(arrived.stack).toBe(error.stack)
})

test('a chain of causes arrives, one in itself too', () => {
  const error: Error = new RangeError('outer', { cause: new TypeError('inner', { cause: 'a string' }) })
  Object.assign(error, { self: error })

  const arrived = travel(error) as Error & { self: Error }

  expect(arrived.self).toBe(arrived)
  expect(arrived.cause).toBeInstanceOf(TypeError)
  expect((arrived.cause as Error).cause).toBe('a string')
})

test('10,000 causes arrive', () => {
  let error: Error = new Error('last')
  for (let i = 0; i < 10_000; i++) error = new Error(`${i}`, { cause: error })

  let arrived: unknown = travel(error)
  let count = 0
  for (; arrived instanceof Error; arrived = arrived.cause) count++

  expect(count).toBe(10_001)
})

test('a DOMException arrives with name, message, code, cause and fields', () => {
  const error = Object.assign(new DOMException('stopped', { name: 'AbortError', cause: 5 }), { extra: [1] })

  const arrived = travel(error) as DOMException & { extra: number[] }

  expect(arrived).toBeInstanceOf(DOMException)
  expect([arrived.name, arrived.message, arrived.code]).toEqual(['AbortError', 'stopped', 20])
  expect([arrived.cause, arrived.extra, arrived.stack]).toEqual([5, [1], error.stack])
})

const terminated = new WorkerTerminatedError(4, {
  reason: 'OOMKilled',
  detail: 'exit code 137',
  exitCode: 137,
  blame: 'item',
  pod: { name: 'p', namespace: 'n', uid: 'u' },
  status: { phase: 'Failed' },
  logs: ['line'],
  timeline: [{ at: 1, event: 'up' }],
})

const own = [
  new RemoteError(2, new TypeError('thrown')),
  new RemoteError(2, { thrown: 'no error' }),
  terminated,
  new SerializationError('fn › .socket', 'Socket'),
  new LaunchError('none came', [{ name: 'w', message: 'm', exit: { reason: 'Error', blame: 'unknown' } }]),
  new ProtocolError('bad', { cause: 1 }),
  new AuthenticationError('who'),
  new VersionMismatchError('1 and 2'),
  new AbortError('stopped'),
]

test.each(own)('%s arrives as an instance of its class with all fields', (error) => {
  const arrived = travel(error) as Error

  expect(Object.getPrototypeOf(arrived)).toBe(Object.getPrototypeOf(error))
  expect(Object.entries(arrived)).toEqual(Object.entries(error))
  expect([arrived.message, arrived.stack, arrived.cause]).toEqual([error.message, error.stack, error.cause])
  expect(Object.keys(arrived)).toEqual(Object.keys(error))
})

class AppError extends TypeError {
  override readonly name = 'AppError'
  readonly details = { status: 404 }
}

test('an error of a class that cannot travel arrives as one of its built-in base, with its name and fields', () => {
  const arrived = travel(new AppError('message')) as AppError

  expect(Object.getPrototypeOf(arrived)).toBe(TypeError.prototype)
  expect([arrived.name, arrived.message, arrived.details]).toEqual(['AppError', 'message', { status: 404 }])
})

test('the name of a class that cannot travel is kept when only its prototype says it', () => {
  class Named extends Error {}
  Named.prototype.name = 'Named'

  const arrived = travel(new Named('message')) as Error

  expect(arrived.name).toBe('Named')
  expect(Object.keys(arrived)).toEqual([])
  expect(String(arrived)).toBe('Named: message')
})

test('an error of a class that can travel arrives as one of that class', () => {
  class Own extends RangeError {
    describe(): string {
      return `own: ${this.message}`
    }
  }

  const [one, other] = travel([new Own('a'), new Own('b')], sourceHooks()) as Own[]

  expect(one).toBeInstanceOf(RangeError)
  expect(one?.describe()).toBe('own: a')
  expect(Object.getPrototypeOf(one)).toBe(Object.getPrototypeOf(other))
})

test('a class that captured what cannot travel is left behind, its error is not', () => {
  class Own extends Error {}
  const hooks = sourceHooks(new Map([[Own, { socket: Symbol('socket') }]]))

  const arrived = travel([new Own('a'), 1], hooks) as [Error, number]

  expect(Object.getPrototypeOf(arrived[0])).toBe(Error.prototype)
  expect([arrived[0].message, arrived[1]]).toEqual(['a', 1])
})

test('a class that captured one of its own errors travels', () => {
  class Own extends Error {}
  const last = new Own('last')
  const hooks = sourceHooks(new Map([[Own, { last }]]))

  const arrived = travel(last, hooks) as Own

  expect(Object.getPrototypeOf(arrived)).not.toBe(Error.prototype)
  expect(arrived.message).toBe('last')
})

test('an error of another realm arrives as one of this realm', () => {
  const error: unknown = runInContext('Object.assign(new TypeError("far"), { a: [1] })', createContext())

  const arrived = travel(error) as TypeError & { a: number[] }

  expect(arrived).toBeInstanceOf(TypeError)
  expect([arrived.message, arrived.a]).toEqual(['far', [1]])
})

test('an object that only inherits from Error arrives as an error', () => {
  const error: unknown = Object.assign(Object.create(RangeError.prototype), { message: 'made by hand' })

  const arrived = travel(error) as RangeError

  expect(arrived).toBeInstanceOf(RangeError)
  expect(arrived.message).toBe('made by hand')
})
