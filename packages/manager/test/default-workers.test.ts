import { expect, test } from 'vitest'
import { defaultWorkerCount, setCommandLineWorkers, takeStartedWorkers } from '../src/default-workers.ts'

test('defaultWorkerCount() is what the environment says', () => {
  expect(defaultWorkerCount({ DIALBACK_WORKERS: '12' })).toBe(12)
  expect(defaultWorkerCount({ DIALBACK_WORKERS: '' })).toBeUndefined()
  expect(defaultWorkerCount({})).toBeUndefined()
  expect(() => defaultWorkerCount({ DIALBACK_WORKERS: 'many' })).toThrow(
    new RangeError("DIALBACK_WORKERS must be a whole number of at least 0: 'many'"),
  )
})

test('takeStartedWorkers() gives the workers of the command line once, whose word goes before the environment', () => {
  expect(takeStartedWorkers()).toBeUndefined()
  setCommandLineWorkers({ count: 2, started: [2, 3] })

  expect(takeStartedWorkers()).toEqual([2, 3])
  expect(takeStartedWorkers()).toBeUndefined()
  expect(defaultWorkerCount({ DIALBACK_WORKERS: '12' })).toBe(2)
})
