import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
  execFileSync('mkfifo', [join(data, 'pipe')])

  const { files } = await programFiles(script, [data])

  expect(files).toEqual([join(data, 'more/y'), join(data, 'x'), script])
  await rm(directory, { recursive: true })
})
