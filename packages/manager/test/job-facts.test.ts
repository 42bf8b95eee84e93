import { expect, test } from 'vitest'
import { finalCondition } from '../src/kubernetes/job-facts.ts'

test.each([
  [[{ type: 'Complete', status: 'True' }], true],
  [[{ type: 'Failed', status: 'True' }], true],
  [[{ type: 'Suspended', status: 'True' }], false],
  [undefined, false],
])('finalCondition() of a Job with conditions %j: %s', (conditions, expected) => {
  const job = { status: { ...(conditions && { conditions }) } }
  expect(finalCondition(job) !== undefined).toBe(expected)
})
