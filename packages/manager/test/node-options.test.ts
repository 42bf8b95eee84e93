import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { nodeOptions } from '../src/kubernetes/node-options.ts'

test.each([
  [undefined, '--max-old-space-size-percentage=75'],
  ['--trace-gc', '--max-old-space-size-percentage=75 --trace-gc'],
  ['--max-semi-space-size=8', '--max-old-space-size-percentage=75 --max-semi-space-size=8'],
  ['--trace-gc --max-old-space-size=64', '--trace-gc --max-old-space-size=64'],
  ['--max_old_space_size=64', '--max_old_space_size=64'],
  ['--max-old-space-size-percentage=50', '--max-old-space-size-percentage=50'],
  ['--max-heap-size=64', '--max-heap-size=64'],
])('nodeOptions(%o) is %o', (given, expected) => {
  expect(nodeOptions(given)).toBe(expected)
})

test.each(['--max-old-space-size=300', '--max-heap-size=300', '--max-old-space-size-percentage=1'])(
  'nodeOptions() with %s makes a heap of that size',
  (given) => {
    const limitOf = (options: string): string =>
      execFileSync(process.execPath, ['-p', 'v8.getHeapStatistics().heap_size_limit'], {
        env: { ...process.env, NODE_OPTIONS: options },
        encoding: 'utf8',
      })
    expect(limitOf(nodeOptions(given))).toBe(limitOf(given))
  },
)
