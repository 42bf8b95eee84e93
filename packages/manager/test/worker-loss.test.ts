import type { WorkerExit } from '@dialback/protocol'
import { expect, test } from 'vitest'
import { describeLaterWord, disconnectedFor, isLaterWord, lossOfWorker } from '../src/worker-loss.ts'

const exit: WorkerExit = { reason: 'Exited', detail: 'exit code 0', exitCode: 0, blame: 'item' }
const worker = { isRemoved: false, isLeaving: false, launched: undefined }

test.each([
  ['by itself', worker, exit],
  [
    'that was removed',
    { ...worker, isRemoved: true },
    { reason: 'Removed', exitCode: 0, blame: 'requested' },
  ],
  ['that had said so', { ...worker, isLeaving: true }, { ...exit, blame: 'infrastructure' }],
])('lossOfWorker() of one that ended %s', (_, ended, loss) => {
  expect(lossOfWorker(ended, exit)).toEqual(loss)
})

test('lossOfWorker() of one that said that it would end, and did not finish in time, is not the fault of what ran there', () => {
  const terminated: WorkerExit = { reason: 'Exited', exitCode: 143, blame: 'item' }

  expect(lossOfWorker({ ...worker, isLeaving: true }, terminated).blame).toBe('infrastructure')
  expect(lossOfWorker(worker, terminated).blame).toBe('item')
})

test.each<WorkerExit>([
  { reason: 'Removed', blame: 'requested' },
  { reason: 'DeadlineExceeded', exitCode: 0, blame: 'configuration' },
  { reason: 'OOMKilled', exitCode: 137, blame: 'item' },
])('lossOfWorker() leaves $reason as it is, although the worker said that it would end', (known) => {
  expect(lossOfWorker({ ...worker, isLeaving: true }, known)).toEqual(known)
})

test('lossOfWorker() adds the pod, if that of the end itself is not known', () => {
  const pod = { name: 'w-1', namespace: 'team', uid: 'u-1' }
  const launched = {
    name: 'w-1',
    threads: 1,
    exited: new Promise<never>(() => {}),
    pod,
    onLine() {},
    end() {},
    hold() {},
  }
  expect(lossOfWorker({ ...worker, launched }, disconnectedFor(15_000))).toMatchObject({
    reason: 'Disconnected',
    detail: 'silent for 15 s',
    pod,
  })
  const other = { ...pod, node: 'n-1' }
  expect(lossOfWorker({ ...worker, launched }, { ...exit, pod: other }).pod).toEqual(other)
})

test('lossOfWorker() of a silent one says what its place knows', () => {
  const launched = {
    name: 'w-1',
    threads: 1,
    exited: new Promise<never>(() => {}),
    lastWord: { status: { phase: 'Running' }, logs: ['last'] },
    onLine() {},
    end() {},
    hold() {},
  }
  expect(lossOfWorker({ ...worker, launched }, disconnectedFor(15_000))).toMatchObject({
    reason: 'Disconnected',
    detail: 'silent for 15 s',
    status: { phase: 'Running' },
    logs: ['last'],
  })
  expect(lossOfWorker({ ...worker, launched }, exit).status).toBeUndefined()
})

test('isLaterWord() holds for what a place tells of one that is lost because it was silent, and was not removed', () => {
  const launched = {
    name: 'w-1',
    threads: 1,
    exited: new Promise<never>(() => {}),
    onLine() {},
    end() {},
    hold() {},
  }
  const silent = { isSilent: true, isRemoved: false, launched: { ...launched, silent() {} } }
  expect(isLaterWord(silent, exit)).toBe(true)
  expect(isLaterWord({ ...silent, isSilent: false }, exit)).toBe(false)
  expect(isLaterWord({ ...silent, isRemoved: true }, exit)).toBe(false)
  expect(isLaterWord(silent, { reason: 'Removed', blame: 'requested' })).toBe(false)
  // It was killed at once, which is all that there is to say.
  expect(isLaterWord({ ...silent, launched }, exit)).toBe(false)
})

test.each<[WorkerExit, string]>([
  [
    { reason: 'OOMKilled', detail: 'exit code 137', blame: 'item' },
    'Worker 4, lost as Disconnected, ended with: OOMKilled (exit code 137)',
  ],
  [
    {
      reason: 'TerminationByKubelet',
      blame: 'infrastructure',
      pod: { name: 'w-1', namespace: 'team', uid: 'u-1' },
    },
    'Worker 4 on pod w-1, lost as Disconnected, ended with: TerminationByKubelet',
  ],
  [
    { reason: 'Disconnected', detail: 'ran until its pod was deleted', blame: 'infrastructure' },
    'Worker 4, lost as Disconnected, ran until its pod was deleted',
  ],
])('describeLaterWord() of %o', (word, sentence) => {
  expect(describeLaterWord(4, word)).toBe(sentence)
})
