import { expect, test } from 'vitest'
import {
  AbortError,
  AuthenticationError,
  DialbackError,
  describeExit,
  LaunchError,
  ProtocolError,
  RemoteError,
  SerializationError,
  ThreadReplacedError,
  VersionMismatchError,
  type WorkerExit,
  WorkerTerminatedError,
} from '../src/errors.ts'

const exit: WorkerExit = { reason: 'Killed', detail: 'SIGKILL', signal: 'SIGKILL', blame: 'unknown' }

test.each([
  ['RemoteError', 'REMOTE', new RemoteError(2, new Error('no'))],
  ['WorkerTerminatedError', 'WORKER_TERMINATED', new WorkerTerminatedError(2, exit)],
  ['SerializationError', 'SERIALIZATION', new SerializationError('fn', 'a socket')],
  ['LaunchError', 'LAUNCH', new LaunchError('no', [])],
  ['ProtocolError', 'PROTOCOL', new ProtocolError('no')],
  ['AuthenticationError', 'AUTHENTICATION', new AuthenticationError('no')],
  ['VersionMismatchError', 'VERSION_MISMATCH', new VersionMismatchError('no')],
  ['AbortError', 'ABORTED', new AbortError('no')],
  ['ThreadReplacedError', 'THREAD_REPLACED', new ThreadReplacedError('no')],
] as const)('%s has the code %s and is a DialbackError', (name, code, error) => {
  expect(error).toMatchObject({ name, code })
  expect(error.constructor.name).toBe(name)
  expect(error).toBeInstanceOf(DialbackError)
  expect(error).toBeInstanceOf(Error)
  expect(error.stack).toContain('errors.test.ts')
})

test.each([
  [new TypeError('x is not a function'), 'On worker 3: TypeError: x is not a function'],
  [new Error(''), 'On worker 3: Error'],
  [new RemoteError(4, new Error('deep')), 'On worker 3: On worker 4: Error: deep'],
  ['text', 'On worker 3: text'],
  [42, 'On worker 3: 42'],
  [undefined, 'On worker 3: undefined'],
  [Symbol('s'), 'On worker 3: Symbol(s)'],
  [{ a: 1 }, 'On worker 3: { a: 1 }'],
  [Object.create(null), 'On worker 3: [Object: null prototype] {}'],
])('RemoteError() passes on what was thrown: %o', (thrown: unknown, message) => {
  const error = new RemoteError(3, thrown)
  expect(error).toMatchObject({ message, workerId: 3 })
  expect(error.cause).toBe(thrown)
})

test('RemoteError() survives an error whose message throws', () => {
  const thrown = new Error('x')
  Object.defineProperty(thrown, 'message', {
    get: () => {
      throw new Error('hostile')
    },
  })
  expect(new RemoteError(2, thrown).message).toBe('On worker 2: a value that cannot be described')
})

test('WorkerTerminatedError() has every fact of the exit as a field', () => {
  const pod = { name: 'w-1', namespace: 'ns', uid: 'u-1', node: 'n-1' }
  const full: WorkerExit = {
    reason: 'OOMKilled',
    detail: 'exit code 137, memory limit 300Mi',
    exitCode: 137,
    blame: 'item',
    advice: 'Raise the limit',
    pod,
    status: { phase: 'Failed' },
    logs: ['last words'],
    timeline: [{ at: 1, event: 'started' }],
  }
  const { detail: _, ...facts } = full
  const error = new WorkerTerminatedError(4, full)
  expect(error).toMatchObject({ ...facts, workerId: 4, signal: undefined })
  expect(error.message).toBe(
    'Worker 4 on pod w-1 was terminated due to: OOMKilled (exit code 137, memory limit 300Mi)',
  )
})

test('WorkerTerminatedError() has empty lists where the exit tells nothing', () => {
  const error = new WorkerTerminatedError(2, exit)
  expect(error).toMatchObject({ logs: [], timeline: [], pod: undefined, exitCode: undefined })
})

test.each([
  [{ reason: 'Removed', blame: 'requested' }, 'Worker 2 was terminated due to: Removed'],
  [exit, 'Worker 2 was terminated due to: Killed (SIGKILL)'],
] as const)('describeExit() leaves out what is not known: %o', (facts, sentence) => {
  expect(describeExit(2, facts)).toBe(sentence)
})

test('SerializationError() names the way to the value and keeps its cause', () => {
  const cause = new Error('why')
  const error = new SerializationError('fn › captured "db" › .socket', 'Socket', { cause })
  expect(error.message).toBe('Cannot send fn › captured "db" › .socket: Socket')
  expect(error).toMatchObject({ path: 'fn › captured "db" › .socket', cause })
})

test('LaunchError() keeps its failures and its cause', () => {
  const failures = [{ name: 'local-2', message: 'exited', exit }]
  const cause = new Error('why')
  expect(new LaunchError('Cannot launch', failures, { cause })).toMatchObject({
    failures,
    cause,
    message: 'Cannot launch',
  })
})

test('RemoteError shows where the cause was thrown', () => {
  const cause = new TypeError('no')
  cause.stack = 'TypeError: no\n    at f (file:///there.ts:1:2)\n    at file:///there.ts:3:4'

  expect(new RemoteError(2, cause).stack).toBe(
    'RemoteError: On worker 2: TypeError: no\n    at f (file:///there.ts:1:2)\n    at file:///there.ts:3:4',
  )
  expect(new RemoteError(2, 'text').stack).toBe('RemoteError: On worker 2: text')
})
