import type { V1Job, V1Pod } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { jobState } from '../src/submit/job-state.ts'
import { submissionEnd } from '../src/submit/submission-end.ts'

type Conditions = { type: string; status: string; reason?: string; message?: string }[]

/** As the API server wrote it: its times are texts, although they are declared as dates. */
function job(facts: { annotations?: object; conditions?: Conditions; suspend?: boolean } = {}): V1Job {
  const { annotations = {}, conditions = [], suspend = false } = facts
  return {
    metadata: {
      name: 'census-x7k2p',
      namespace: 'team',
      creationTimestamp: '2026-01-01T00:00:00Z',
      annotations: { 'dialback.dev/script': 'census.ts', ...annotations },
    },
    spec: { suspend },
    status: { conditions },
  } as unknown as V1Job
}

function pod(state: object | undefined, status: object = {}, created = '2026-01-01T00:00:01Z'): V1Pod {
  return {
    metadata: { name: 'census-x7k2p-1', creationTimestamp: created },
    spec: { containers: [{ name: 'manager', resources: { limits: { memory: '200Mi' } } }] },
    status: { ...(state && { containerStatuses: [{ name: 'manager', state }] }), ...status },
  } as unknown as V1Pod
}

const terminated = (exitCode: number, reason = 'Error') => ({ terminated: { exitCode, reason } })
const failed = { type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'too often' }
const cancelled = { 'dialback.dev/cancelled': '2026-01-01T00:00:09Z' }

test('jobState() says how a Job is', () => {
  const unscheduled = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no node' }
  const waiting = pod(undefined, { phase: 'Pending', conditions: [unscheduled] })
  const running = pod({ running: {} })
  const stateOf = (...args: Parameters<typeof jobState>) => {
    const { status, detail, exitCode } = jobState(...args)
    return [status, detail, exitCode]
  }

  expect(stateOf(job({ suspend: true }), [])).toEqual(['Suspended', undefined, undefined])
  expect(stateOf(job(), [])).toEqual(['Waiting', undefined, undefined])
  expect(stateOf(job(), [waiting])).toEqual(['Waiting', 'Unschedulable: no node', undefined])
  expect(stateOf(job(), [running])).toEqual(['Running', undefined, undefined])
  expect(stateOf(job({ annotations: cancelled }), [running])).toEqual(['Stopping', undefined, undefined])
  expect(stateOf(job({ annotations: cancelled, conditions: [failed] }), [])).toEqual([
    'Cancelled',
    undefined,
    undefined,
  ])
  expect(stateOf(job({ conditions: [failed] }), [pod(terminated(7))])).toEqual([
    'Failed',
    'BackoffLimitExceeded: too often',
    7,
  ])
  expect(stateOf(job({ conditions: [{ type: 'Complete', status: 'True' }] }), [pod(terminated(0))])).toEqual([
    'Succeeded',
    undefined,
    0,
  ])
})

test('jobState() goes by the newest pod', () => {
  const first = pod(terminated(7), {}, '2026-01-01T00:00:01Z')
  const second = pod({ running: {} }, {}, '2026-01-01T00:00:05Z')
  expect(jobState(job(), [second, first])).toMatchObject({ status: 'Running', script: 'census.ts' })
})

test("submissionEnd() is the script's own when it ended by itself", () => {
  expect(submissionEnd(job({ conditions: [failed] }), pod(terminated(7)), [])).toEqual({ exitCode: 7 })
  const complete = job({ conditions: [{ type: 'Complete', status: 'True' }] })
  expect(submissionEnd(complete, pod(terminated(0, 'Completed')), [])).toEqual({ exitCode: 0 })
})

test('submissionEnd() says what ended the manager, and what to do about it', () => {
  const end = (exitCode: number, reason: string, lines: string[] = []) =>
    submissionEnd(job({ conditions: [failed] }), pod(terminated(exitCode, reason)), lines)

  expect(end(137, 'OOMKilled')).toEqual({
    exitCode: 137,
    sentence:
      'The manager, pod census-x7k2p-1, was terminated due to: OOMKilled (exit code 137, memory limit 200Mi)\nIt needed more memory than it may have: give it more (--memory), or less to keep',
  })
  const lines = ['FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory']
  expect(end(134, 'Error', lines).sentence).toContain(': HeapOutOfMemory (exit code 134, memory limit 200Mi)')
  expect(end(137, 'Error').sentence).toContain('due to: Error (exit code 137)')
})

test('submissionEnd() of a pod that was taken away says to submit the script again, which pmap does not do', () => {
  const ended = (status: object, metadata: object = {}) => {
    const taken = Object.assign(pod(terminated(143), status), { metadata })
    return submissionEnd(job({ conditions: [failed] }), taken, []).sentence
  }
  const deleted = { deletionTimestamp: new Date('2026-01-01T00:01:00Z') }
  expect(ended({}, deleted)).toContain('\nSomebody or something deleted its pod: submit it again')
  const evicted = [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }]
  expect(ended({ conditions: evicted })).toContain('\nThe cluster ended it, not the script: submit it again')
})

test('submissionEnd() of a Job that was cancelled or deleted is no success', () => {
  const stopped = job({ annotations: cancelled, conditions: [failed] })
  const end = { exitCode: 143, sentence: 'It was cancelled' }
  expect(submissionEnd(stopped, pod(terminated(0, 'Completed')), [])).toEqual(end)
  expect(submissionEnd(stopped, undefined, [])).toEqual(end)
  const gone = { exitCode: 1, sentence: 'It never ran: its Job was deleted' }
  expect(submissionEnd(undefined, undefined, [])).toEqual(gone)
})

test('submissionEnd() of a Job whose pod is gone does not say that it never ran', () => {
  const lost = Object.assign(job(), { status: { conditions: [failed], failed: 1 } })
  expect(submissionEnd(lost, undefined, [])).toEqual({
    exitCode: 1,
    sentence: 'How it ended is not known without its pod: BackoffLimitExceeded: too often',
  })
})

test('submissionEnd() of a Job that is gone is that of its script, if that had ended', () => {
  expect(submissionEnd(undefined, pod(terminated(0, 'Completed')), [])).toEqual({ exitCode: 0 })
  expect(submissionEnd(undefined, pod(terminated(7, 'Error')), [])).toEqual({ exitCode: 7 })
})
