import { expect, test } from 'vitest'
import { oneIsEnough, waysFor } from '../src/cli/doctor/check-connections.ts'
import { type K8sOptions, resolveK8sOptions } from '../src/kubernetes/k8s-options.ts'

function ways(isInside: boolean, options: K8sOptions): readonly string[] {
  return waysFor({ isInside, options: resolveK8sOptions(1, options) })
}

test('waysFor() tries what a launch would take', () => {
  expect(ways(false, {})).toEqual(['tunnel', 'direct'])
  expect(ways(true, {})).toEqual(['direct'])
  expect(ways(false, { advertise: 'host:1' })).toEqual(['direct'])
  expect(ways(false, { connection: 'tunnel' })).toEqual(['tunnel'])
  expect(ways(true, { connection: 'tunnel' })).toEqual(['tunnel'])
  expect(ways(false, { connection: 'direct' })).toEqual(['direct'])
})

test('oneIsEnough() takes it for usual that only the tunnel works', () => {
  const tunnel = { check: 'tunnel', status: 'ok', message: 'a worker joined' } as const
  const direct = { check: 'direct', status: 'failed', message: 'refused', advice: 'look' } as const
  expect(oneIsEnough([tunnel, direct])).toEqual([
    tunnel,
    { check: 'direct', status: 'note', message: 'not possible, so workers use the tunnel: refused' },
  ])
  expect(oneIsEnough([direct])).toEqual([direct])
  const broken = { check: 'tunnel', status: 'failed', message: 'broken' } as const
  expect(oneIsEnough([broken, direct])).toEqual([broken, direct])
})
