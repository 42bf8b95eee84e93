import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root, runScript } from './support/run-script.ts'
import { withTempDir } from './support/temp-dir.ts'

/** The TypeScript of a page: those blocks that begin with the name of a file, and all others as one program. */
async function codeOf(page: string): Promise<{ program: string; files: Map<string, string> }> {
  const text = await readFile(join(root, page), 'utf8')
  const files = new Map<string, string>()
  const parts: string[] = []
  for (const [, code = ''] of text.matchAll(/^```ts\n(.*?)^```/gms)) {
    const name = /^\/\/ (\S+\.ts)\n/.exec(code)?.[1]
    if (name === undefined) parts.push(code)
    else files.set(name, code)
  }
  return { program: parts.join(''), files }
}

test.each([
  'docs/calls.md',
  'docs/functions.md',
  'docs/collections.md',
  'docs/checkpoints.md',
  'docs/futures-and-channels.md',
])('the examples of %s print what it says', async (page) => {
  await using dir = await withTempDir({ resolvesPackages: true })
  const { program, files } = await codeOf(page)
  for (const [name, code] of files) await writeFile(join(dir.path, name), code)
  await writeFile(join(dir.path, 'program.ts'), program)

  const { code, stdout, stderr } = await runScript(join(dir.path, 'program.ts'), { cwd: dir.path })

  const expected = [...program.matchAll(/^console\.log\(.*\) \/\/ (.*)$/gm)].map(([, printed]) => printed)
  expect(stderr).not.toContain('Error')
  expect(stdout.trimEnd().split('\n')).toEqual(expected)
  expect(expected.length).toBeGreaterThan(5)
  expect(code).toBe(0)
})
