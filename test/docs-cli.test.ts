import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root, runScript } from './support/run-script.ts'
import { withTempDir } from './support/temp-dir.ts'
import { startOnTerminal } from './support/terminal.ts'

const main = 'packages/manager/src/cli/main.ts'

/** The block of docs/cli.md that begins with a text. */
async function blockOf(beginning: string): Promise<string> {
  const page = await readFile(join(root, 'docs/cli.md'), 'utf8')
  const blocks = [...page.matchAll(/^```\w*\n(.*?)^```/gms)].map(([, block = '']) => block)
  return blocks.find((block) => block.startsWith(beginning)) ?? ''
}

test('docs/cli.md shows a session as it is', async () => {
  const session = await blockOf('$ dialback repl\n')
  const entries = session.split(/^dialback> /m).slice(1)
  expect(entries.length).toBe(4)
  const terminal = startOnTerminal(main, { args: ['repl'], env: { DIALBACK_REPL_HISTORY: '' } })
  await terminal.shows('dialback> ')
  for (const entry of entries) {
    const [line = '', ...expected] = entry.trimEnd().split('\n')
    terminal.type(`${line}\r`)
    await terminal.shows('\n')
    const shown = (await terminal.shows(/(^|\n)dialback> $/)).split('\n').slice(0, expected.length)
    // Workers come up in any order; of an error the page shows the beginning.
    expect(shown.toSorted(), line).toEqual(expected.toSorted())
  }
  terminal.type('.exit\r')
  expect(await terminal.ended).toBe(0)
})

test('docs/cli.md has a script that runs unchanged by node and by dialback run', async () => {
  await using dir = await withTempDir({ resolvesPackages: true })
  const script = join(dir.path, 'script.ts')
  await writeFile(script, await blockOf("import { addProcs, pmap } from '@dialback/manager'\n"))

  const byNode = await runScript(script, { env: { DIALBACK_WORKERS: '1' } })
  const byRun = await runScript(main, { args: ['run', script, '-n', '2'] })

  const isUp = 'dialback info: local-2 is up\n'
  expect(byNode).toMatchObject({ code: 0, stdout: '[ 1, 4, 9 ]\n', stderr: isUp })
  expect(byRun).toMatchObject({ code: 0, stdout: '[ 1, 4, 9 ]\n' })
})
