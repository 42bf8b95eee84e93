import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { expect, test } from 'vitest'
import { programFiles } from '../src/submit/program-files.ts'

test('programFiles() takes of an included directory no link that leads back, and no pipe', async () => {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'dialback-test-')))
  const [script, data] = [join(directory, 'main.mjs'), join(directory, 'data')]
  await writeFile(script, '')
  await mkdir(join(data, 'more'), { recursive: true })
  for (const name of ['x', 'more/y']) await writeFile(join(data, name), 'some data')
  // Each by itself could be followed forty times; several, for ever.
  for (const name of ['a', 'b', 'more/c']) await symlink(data, join(data, name))
  execFileSync('sh', ['-c', 'mkfifo "$0"', join(data, 'pipe')])

  const { files } = await programFiles(script, [data])

  expect(files).toEqual([join(data, 'more/y'), join(data, 'x'), script])
  await rm(directory, { recursive: true })
})

test('programFiles() takes each tsconfig.json that another one extends, be it of a package', async () => {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'dialback-test-')))
  const files = {
    'main.ts': '',
    'tsconfig.json': '{ "extends": ["./base", "@tsconfig/node24"] /* with a comment */ }',
    'base.json': '{ "extends": "./more/tsconfig.json" }',
    'more/tsconfig.json': '{}',
    'store/node24/package.json': '{ "name": "@tsconfig/node24" }',
    'store/node24/tsconfig.json': '{ "extends": "../node22/tsconfig.json" }',
    'store/node22/tsconfig.json': '{}',
  }
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(directory, name, '..'), { recursive: true })
    await writeFile(join(directory, name), text)
  }
  const link = join(directory, 'node_modules/@tsconfig/node24')
  await mkdir(join(link, '..'), { recursive: true })
  await symlink('../../store/node24', link)

  const program = await programFiles(join(directory, 'main.ts'), [])

  expect(program.files.map((path) => relative(directory, path)).toSorted()).toEqual(
    Object.keys(files).toSorted(),
  )
  expect([...program.links]).toEqual([[link, join(directory, 'store/node24')]])
  await rm(directory, { recursive: true })
})
