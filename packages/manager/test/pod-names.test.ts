import { expect, test } from 'vitest'
import { legalPrefix, podNames, workerPrefix } from '../src/kubernetes/pod-names.ts'

test.each([
  ['my-host-worker', 'my-host-worker'],
  ["Ann's Mac.local-worker", 'ann-s-mac-local-worker'],
  ['--a--', 'a'],
  ['ÄÖ', 'dialback'],
  ['', 'dialback'],
  [`${'x'.repeat(56)}-worker`, 'x'.repeat(56)],
])('legalPrefix() makes %o %o', (text, legal) => {
  expect(legalPrefix(text)).toBe(legal)
})

test.each([
  ["Ann's Mac.local", 'ann-s-mac-local-worker'],
  ['ÄÖ', 'dialback-worker'],
  ['x'.repeat(50), `${'x'.repeat(50)}-worker`],
  [`${'x'.repeat(49)}-${'y'.repeat(9)}`, `${'x'.repeat(49)}-worker`],
])('workerPrefix() makes %o %o', (name, prefix) => {
  expect(workerPrefix(name)).toBe(prefix)
})

test('podNames() gives different names although a number comes twice', () => {
  const numbers = [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
  expect(podNames('w', 2, () => numbers.shift() ?? 0)).toEqual(['w-bcdfg', 'w-hjklm'])
})
