import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { historyFile } from '../src/cli/repl/history-file.ts'

test('historyFile() is in the state directory, which is made', async () => {
  const state = await mkdtemp(join(tmpdir(), 'dialback-test-'))

  expect(historyFile({ XDG_STATE_HOME: state })).toBe(join(state, 'dialback', 'repl_history'))

  expect((await stat(join(state, 'dialback'))).isDirectory()).toBe(true)
  await rm(state, { recursive: true })
})

test('historyFile() is where the user says, or nowhere', () => {
  const path = join(tmpdir(), 'own')
  expect(historyFile({ DIALBACK_REPL_HISTORY: path, XDG_STATE_HOME: '/x' })).toBe(path)
  expect(historyFile({ DIALBACK_REPL_HISTORY: '' })).toBe('')
  expect(historyFile({ XDG_STATE_HOME: '/dev/null' })).toBe('')
})

// To be somebody else takes that.
test.runIf(process.getuid?.() === 0)('historyFile() is nowhere for a user without a home', () => {
  const url = new URL('../src/cli/repl/history-file.ts', import.meta.url).href
  const program = `import { historyFile } from '${url}'\nconsole.log([historyFile({})])`
  const options = { uid: 54_321, env: {}, encoding: 'utf8' } as const

  expect(execFileSync(process.execPath, ['--input-type=module', '-e', program], options)).toBe("[ '' ]\n")
})
