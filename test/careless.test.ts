import { expect, test } from 'vitest'
import { runScript } from './support/run-script.ts'

test('what fails and nobody looks at ends no script', async () => {
  const { code, stdout, stderr } = await runScript('test/fixtures/careless.ts', {
    env: { NODE_OPTIONS: '--unhandled-rejections=strict' },
  })

  expect(stdout).toBe('3 all is left alone\n')
  expect(stderr).not.toMatch(/UnhandledPromiseRejection|Uncaught/)
  expect(code).toBe(0)
})
