import { type Blame, RemoteError, ThreadReplacedError, WorkerTerminatedError } from '@dialback/protocol'
import { expect, test } from 'vitest'
import type { ItemError } from '../src/collection-options.ts'
import { waitBeforeNextAttempt } from '../src/next-attempt.ts'

const thrown = new RemoteError(2, new Error('no'))
const replaced = new RemoteError(2, new ThreadReplacedError('replaced'))
const lost = (blame: Blame) => new WorkerTerminatedError(2, { reason: 'Gone', blame })
const options = { delaysMs: [10, 20], retryCheck: undefined, workerLosses: 2 }
const fresh = () => ({ index: 4, item: 'x', attempts: 0, losses: 0, workerId: 2 })

function waits(errors: readonly ItemError[], of = options): (number | undefined)[] {
  const history = fresh()
  return errors.map((error) => waitBeforeNextAttempt(history, error, of))
}

test.each<[string, readonly ItemError[], (number | undefined)[]]>([
  ['each failure takes the next delay', [thrown, thrown, thrown], [10, 20, undefined]],
  ['a preempted worker costs no attempt', [lost('infrastructure'), thrown, thrown], [0, 10, 20]],
  ['nor does a removed one', [lost('requested'), lost('requested'), thrown], [0, 0, 10]],
  ['nor does a replaced thread', [replaced, thrown, thrown], [0, 10, 20]],
  ['too many losses are failures', Array(5).fill(lost('infrastructure')), [0, 0, 10, 20, undefined]],
  ['what the item did is a failure', [lost('item'), lost('item'), lost('item')], [10, 20, undefined]],
  ['so is what nobody knows', [lost('unknown'), lost('configuration')], [10, 20]],
])('waitBeforeNextAttempt(): %s', (_name, errors, expected) => {
  expect(waits(errors)).toEqual(expected)
})

test('waitBeforeNextAttempt() asks retryCheck with attempts from 1, and not after the last one', () => {
  const asked: unknown[] = []
  const history = fresh()
  const retryCheck = (error: unknown, state: object): boolean => asked.push([error, state]) < 9
  for (let i = 0; i < 3; i++) waitBeforeNextAttempt(history, thrown, { ...options, retryCheck })
  expect(asked).toEqual([
    [thrown, { attempt: 1, item: 'x', index: 4 }],
    [thrown, { attempt: 2, item: 'x', index: 4 }],
  ])
})

test('waitBeforeNextAttempt() takes a no of retryCheck for the end', () => {
  expect(waitBeforeNextAttempt(fresh(), thrown, { ...options, retryCheck: () => false })).toBeUndefined()
})

test('waitBeforeNextAttempt() refuses a retryCheck that is asynchronous', () => {
  const retryCheck = () => Promise.reject(new Error('late'))
  expect(() => waitBeforeNextAttempt(fresh(), thrown, { ...options, retryCheck })).toThrow(TypeError)
})
