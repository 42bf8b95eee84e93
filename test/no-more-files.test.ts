import { expect, test } from 'vitest'
import { runScript } from './support/run-script.ts'

test('a manager that may open no more files tells so, and goes on once it may again', async () => {
  const { stdout, code } = await runScript('test/fixtures/no-more-files.ts')
  const lines = stdout.trimEnd().split('\n')

  expect(lines[0]).toMatch(/^LaunchError: Cannot launch local workers: .*too many open files/)
  // Through a socket, where there is no shared memory, a large result needs no file.
  expect(lines[1]).toMatch(
    /^2000000$|^RangeError: Cannot receive 2000029 bytes: there are too many open files/,
  )
  expect(lines.slice(2)).toEqual(['2000000'])
  expect(code).toBe(0)
})
