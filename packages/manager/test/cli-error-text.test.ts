import { DialbackError, RemoteError, WorkerTerminatedError } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { errorText, plainText } from '../src/cli/error-text.ts'

const isOurs = (error: unknown): boolean => error instanceof DialbackError
const text = (error: unknown): string | undefined => errorText(error, isOurs)

/** An error with a stack as it comes from a user's program. */
function thrown<E extends Error>(error: E, ...frames: readonly string[]): E {
  error.stack = [`${error.name}: ${error.message}`, ...frames.map((frame) => `    at ${frame}`)].join('\n')
  return error
}

const ownFrame = `Membership.lose (${import.meta.url.replace('test/cli-error-text.test.ts', 'src/membership.ts')}:81:19)`

test('errorText() gives of a lost worker the sentence, the frames of the user, and what to do', () => {
  const exit = {
    reason: 'OOMKilled',
    detail: 'exit code 137',
    blame: 'item',
    advice: 'Give it more',
  } as const
  const error = new WorkerTerminatedError(4, exit)
  expect(text(thrown(error, ownFrame, 'async main (/home/ann/main.ts:3:1)', 'node:internal/a:1:2'))).toBe(
    `WorkerTerminatedError: Worker 4 was terminated due to: OOMKilled (exit code 137)
    at async main (/home/ann/main.ts:3:1)
  Give it more`,
  )
  expect(text(thrown(error, ownFrame))).toBe(
    'WorkerTerminatedError: Worker 4 was terminated due to: OOMKilled (exit code 137)\n  Give it more',
  )
})

test('errorText() gives of what was thrown on a worker the place, once, and its fields', () => {
  const cause = Object.assign(thrown(new TypeError('no'), 'f (/home/ann/main.ts:3:1)', ownFrame), { n: 1 })
  expect(text(new RemoteError(2, new RemoteError(3, cause)))).toBe(
    'RemoteError: On worker 2: On worker 3: TypeError: no\n    at f (/home/ann/main.ts:3:1) {\n  n: 1\n}',
  )
})

test('errorText() shows what was thrown that is no error', () => {
  expect(text(new RemoteError(2, null))).toBe('RemoteError: On worker 2: null')
  expect(text(new RemoteError(2, { n: 1 }))).toBe('RemoteError: On worker 2: { n: 1 }')
  const long = text(new RemoteError(2, { reason: 'x'.repeat(300) }))
  expect(long).toBe(
    `RemoteError: On worker 2: { reason: '${'x'.repeat(189)}…\n  {\n    reason: '${'x'.repeat(300)}'\n  }`,
  )
})

test('errorText() tells what to do about a worker that another worker has lost', () => {
  const lost = new WorkerTerminatedError(3, {
    reason: 'Deleted',
    blame: 'infrastructure',
    advice: 'Run again',
  })
  expect(text(new RemoteError(2, thrown(lost, ownFrame)))).toBe(
    'RemoteError: On worker 2: WorkerTerminatedError: Worker 3 was terminated due to: Deleted\n  Run again',
  )
})

test('errorText() gives the errors of all workers, and of a thousand the first ten', () => {
  const failed = (id: number): RemoteError => new RemoteError(id, thrown(new Error('no'), `f (a.ts:${id}:1)`))
  const two = thrown(new AggregateError([failed(2), new Error('plain')], 'everywhere failed'), 'b.ts:1:1')
  expect(text(two)).toMatch(
    /^AggregateError: everywhere failed\n {4}at b\.ts:1:1\n {2}RemoteError: On worker 2: Error: no\n {6}at f \(a\.ts:2:1\)\n {2}Error: plain\n/,
  )
  const many = new AggregateError(Array.from({ length: 1_000 }, (_, id) => failed(id)))
  expect(text(many)?.split('\n').at(-1)).toBe('  … and 990 more')
})

test('errorText() leaves all other errors to others', () => {
  expect(text(new TypeError('theirs'))).toBeUndefined()
  expect(text(new AggregateError([new Error('theirs')]))).toBeUndefined()
  expect(text('text')).toBeUndefined()
})

test('plainText() leaves out the frames that are not of the user, and keeps the fields', () => {
  const error = Object.assign(thrown(new RangeError('no'), 'f (a.ts:1:1)', ownFrame), { n: 1 })
  expect(plainText(error)).toBe('RangeError: no\n    at f (a.ts:1:1) {\n  n: 1\n}')
  expect(plainText({ a: 1 })).toBe('{ a: 1 }')
})
