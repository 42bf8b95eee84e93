import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root, runScript } from './support/run-script.ts'
import { withTempDir } from './support/temp-dir.ts'

const main = 'packages/manager/src/cli/main.ts'

/** What bash offers when Tab is pressed at the end of `line`. */
async function offeredByBash(line: string, cwd = root): Promise<string[]> {
  const { stdout } = await runScript(main, { args: ['completion', 'bash'] })
  const words = line.split(' ').map((word) => `'${word}'`)
  const { stdout: offered, stderr } = spawnSync(
    'bash',
    [
      '--norc',
      '-c',
      [
        stdout,
        `COMP_WORDS=(${words.join(' ')})`,
        `COMP_CWORD=${words.length - 1}`,
        '_dialback',
        'printf "%s\\n" "${COMPREPLY[@]}"',
      ].join('\n'),
    ],
    { cwd, encoding: 'utf8' },
  )
  expect(stderr).toBe('')
  return offered.split('\n').filter((word) => word !== '')
}

test('dialback completion bash offers commands and global options', async () => {
  expect(await offeredByBash('dialback ru')).toEqual(['run'])
  expect(await offeredByBash('dialback --ver')).toEqual(['--version', '--verbose'])
})

test("dialback completion bash offers a command's options, arguments and files", async () => {
  expect(await offeredByBash('dialback run --w')).toEqual(['--workers'])
  expect(await offeredByBash('dialback run package.js')).toEqual(['package.json'])
  expect(await offeredByBash('dialback completion ')).toEqual(expect.arrayContaining(['bash', 'zsh', 'fish']))
  expect(await offeredByBash('dialback run script.ts -- --w')).toEqual([])
})

test('dialback completion bash offers a file with spaces, or what looks like a pattern, as one', async () => {
  await using dir = await withTempDir()
  for (const name of ['a first.ts', 'a*.ts', 'ab.ts']) await writeFile(join(dir.path, name), '')

  const all = ['a first.ts', 'a*.ts', 'ab.ts']
  expect((await offeredByBash('dialback run a', dir.path)).toSorted()).toEqual(all)
  expect((await offeredByBash('dialback run ab.ts -- a', dir.path)).toSorted()).toEqual(all)
})

test.each([
  ['zsh', ['#compdef dialback\n', "'run:run a script"]],
  ['fish', ['complete -c dialback -f\n', '-l workers -r']],
])('dialback completion %s writes its script', async (shell, parts) => {
  const { code, stdout } = await runScript(main, { args: ['completion', shell] })

  expect(code).toBe(0)
  for (const part of parts) expect(stdout).toContain(part)
})

test('dialback completion refuses a shell that it does not know', async () => {
  const { code, stdout, stderr } = await runScript(main, { args: ['completion', 'ksh'] })

  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain("'ksh' is invalid for argument 'shell'. Allowed choices are bash, zsh, fish.")
})
