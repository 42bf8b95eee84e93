import { expect, test } from 'vitest'
import { defaultWorkers, setCommandLineWorkers, takeStartedWorkers } from '../src/default-workers.ts'

test.each([
  [{}, {}],
  [{ DIALBACK_WORKERS: '' }, {}],
  [{ DIALBACK_WORKERS: '12' }, { count: 12 }],
  [{ DIALBACK_K8S: '0', DIALBACK_CPU: '2' }, {}],
  [{ DIALBACK_K8S: '1' }, { pods: {} }],
  [
    { DIALBACK_WORKERS: '3', DIALBACK_K8S: 'true', DIALBACK_CPU: '200m', DIALBACK_MEMORY: '300Mi' },
    { count: 3, pods: { cpu: '200m', memory: '300Mi' } },
  ],
  [
    { DIALBACK_K8S: '1', DIALBACK_IMAGE: 'own', DIALBACK_NAMESPACE: 'ns' },
    { pods: { image: 'own', namespace: 'ns' } },
  ],
])('defaultWorkers(%j)', (env, spec) => {
  expect(defaultWorkers(env)).toEqual(spec)
})

test('defaultWorkers() refuses what is no number and no switch', () => {
  expect(() => defaultWorkers({ DIALBACK_WORKERS: 'many' })).toThrow(
    new RangeError("DIALBACK_WORKERS must be a whole number of at least 0: 'many'"),
  )
  expect(() => defaultWorkers({ DIALBACK_K8S: 'maybe' })).toThrow(
    new RangeError("DIALBACK_K8S must be 1 or 0: 'maybe'"),
  )
})

test('takeStartedWorkers() gives the workers of the command line once, whose word goes before the environment', () => {
  expect(takeStartedWorkers([2, 3])).toBeUndefined()
  setCommandLineWorkers({ spec: { count: 2 }, started: [2, 3] })

  expect(takeStartedWorkers([3])).toEqual([2, 3])
  expect(takeStartedWorkers([3])).toBeUndefined()
  expect(defaultWorkers({ DIALBACK_WORKERS: '12' })).toEqual({ count: 2 })
})

test('takeStartedWorkers() leaves workers to whom they belong', () => {
  setCommandLineWorkers({ spec: {}, started: [2, 3] })

  expect(takeStartedWorkers([])).toBeUndefined()
  expect(takeStartedWorkers([2, 3])).toEqual([2, 3])
})
