/** Programs of CommonJS and ECMAScript modules that need one another. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runScript } from './support/run-script.ts'
import { withTempDir } from './support/temp-dir.ts'

test('functions use CommonJS that requires a module which they, or other calls, import at the same time', async () => {
  await using dir = await withTempDir({ resolvesPackages: true })
  await writeFile(join(dir.path, 'third.mjs'), 'export const third = (x) => x / 3')
  await writeFile(
    join(dir.path, 'whole.mjs'),
    `import { third } from './third.mjs'\nexport const twoThirds = (x) => 2 * third(x)`,
  )
  await writeFile(
    join(dir.path, 'common.cjs'),
    `const { twoThirds } = require('./whole.mjs')\nexports.both = (x) => [x, twoThirds(x)]`,
  )
  const script = join(dir.path, 'main.mjs')
  await writeFile(
    script,
    `import { addProcs, remoteCallFetch } from '@dialback/manager'
import { both } from './common.cjs'
import { third } from './third.mjs'
import { twoThirds } from './whole.mjs'
const [a, b, c] = await addProcs(3)
console.log(await remoteCallFetch((x) => [third(x), both(x), twoThirds(x)], a, 9))
const before = [() => third(3), () => twoThirds(3), () => both(3)].map((fn) => remoteCallFetch(fn, b))
console.log(await Promise.all(before))
const after = [() => both(3), () => twoThirds(3), () => third(3)].map((fn) => remoteCallFetch(fn, c))
console.log(await Promise.all(after))`,
  )
  const { code, stdout } = await runScript(script)

  expect(stdout).toBe('[ 3, [ 9, 6 ], 6 ]\n[ 1, 2, [ 3, 2 ] ]\n[ [ 3, 2 ], 2, 1 ]\n')
  expect(code).toBe(0)
})
