import { expect, test } from 'vitest'
import { legalPrefix, podNames } from '../src/kubernetes/pod-names.ts'

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

test('podNames() gives different names although a number comes twice', () => {
  const numbers = [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
  expect(podNames('w', 2, () => numbers.shift() ?? 0)).toEqual(['w-bcdfg', 'w-hjklm'])
})
