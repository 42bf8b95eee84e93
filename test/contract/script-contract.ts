/** Scripts and their workers: a script that is done ends, and no worker outlives its script, however that ends. */

import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { testIdVariable } from '../support/processes.ts'
import { type RunningScript, startScript } from '../support/run-script.ts'
import type { Contract } from './cluster-manager-contract.ts'

export function scriptContract({ module, left }: Contract): void {
  const run = (task: string): { script: RunningScript; testId: string } => {
    const testId = randomUUID()
    const script = startScript('test/contract/fixtures/managed-script.ts', {
      args: [module, task],
      env: { [testIdVariable]: testId },
    })
    return { script, testId }
  }

  test.each([
    ['idle', '2\n'],
    ['idle-after-future', ''],
    ['pending', 'came back\n'],
    ['interrupting', 'interrupted\n'],
  ])('a script that is done ends with code 0 although its workers are idle (%s)', async (task, stdout) => {
    const { script, testId } = run(task)

    const end = await script.ended

    expect(end).toMatchObject({ code: 0, signal: null, stdout })
    expect(await left(testId)).toEqual([])
  })

  test.each(['printed', 'printed-and-removed'])(
    'what calls have written is shown, however soon after that the script ends (%s)',
    async (task) => {
      const { script, testId } = run(task)

      const { stderr } = await script.ended

      const lines = stderr.split('\n').filter((line) => /^ {6}From worker [23]:\tline \d+$/.test(line))
      expect(lines).toHaveLength(40)
      expect(await left(testId)).toEqual([])
    },
  )

  test.each([
    ['busy', 'SIGKILL'],
    ['busy', 'SIGTERM'],
    ['busy', 'SIGINT'],
    ['blocked', 'SIGKILL'],
    ['printing', 'SIGKILL'],
  ] as const)('no worker outlives a script whose workers are %s when it gets %s', async (task, signal) => {
    const { script, testId } = run(task)
    await script.wrote('started too')
    await script.wrote('started\n')

    script.kill(signal)
    await script.ended

    expect(await left(testId)).toEqual([])
  })
}
