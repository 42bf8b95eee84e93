import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
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

test('ARCHITECTURE.md names files that are there', async () => {
  const text = await readFile(join(root, 'ARCHITECTURE.md'), 'utf8')
  const rows = text.split('\n').filter((line) => line.startsWith('| '))
  const sources = await sourceNames()
  const named = rows.flatMap((row) =>
    [...row.matchAll(/`([\w./-]+(?:\.ts|\.md|\/))`/g)].map(([, name = '']) => name),
  )

  const missing = named.filter((name) => !existsSync(join(root, name)) && !sources.has(name))

  expect(missing).toEqual([])
  expect(named.length).toBeGreaterThan(50)
})

/** The names of all source files, and of their directories with a slash. */
async function sourceNames(): Promise<Set<string>> {
  const packages = ['protocol', 'runtime', 'worker', 'manager']
  const found = packages.map((name) =>
    readdir(join(root, 'packages', name, 'src'), { recursive: true, withFileTypes: true }),
  )
  const entries = (await Promise.all(found)).flat()
  return new Set(entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)))
}
