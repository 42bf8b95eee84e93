import { expect, test } from 'vitest'
import { OtherRuntimes } from '../src/other-runtimes.ts'

function start(own: string): { runtimes: OtherRuntimes; warnings: string[] } {
  const warnings: string[] = []
  return { runtimes: new OtherRuntimes(own, (line) => warnings.push(line)), warnings }
}

test('OtherRuntimes says nothing of workers of the same release line', () => {
  const { runtimes, warnings } = start('v24.21.0')
  for (const version of ['v24.21.0', 'v24.1.0', 'v24.0.0-nightly']) runtimes.seen('w-2', version)
  expect(warnings).toEqual([])
})

test('OtherRuntimes tells each other release line once, in full', () => {
  const { runtimes, warnings } = start('v24.21.0')
  for (const [index, version] of ['v22.18.0', 'v22.23.3', 'v4.0.0', 'v22.18.0'].entries())
    runtimes.seen(`w-${index + 2}`, version)
  expect(warnings).toEqual([
    'w-2 runs Node.js v22.18.0, this process v24.21.0: what only one of them knows fails on the other; use one release line for both',
    'w-4 runs Node.js v4.0.0, this process v24.21.0: what only one of them knows fails on the other; use one release line for both',
  ])
})

test('OtherRuntimes tells once whatever is no version, and not all of it', () => {
  const { runtimes, warnings } = start('v24.21.0')
  runtimes.seen('w-2', 'x'.repeat(1_000))
  runtimes.seen('w-3', '')
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toContain(`Node.js ${'x'.repeat(40)},`)
})
