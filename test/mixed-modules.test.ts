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

test('classes that a module had another one make come back from a worker with what that module imports', async () => {
  await using dir = await withTempDir({ resolvesPackages: true })
  const files = {
    'checks.mjs': `export const isText = (x) => typeof x === 'string'\nexport default (x) => x === 0`,
    'old.cjs': `exports.negate = (x) => -x`,
    'factory.mjs': `export const factory = (create) => (...args) => create(...args)`,
    'cell.mjs': `import { basename } from 'node:path'
import isZero, { isText } from './checks.mjs'
import * as checks from './checks.mjs'
import { factory } from './factory.mjs'
import old, { negate } from './old.cjs'
export const makeClass = factory(() => class Cell {
  constructor(value) {
    this.value = value
  }
  tell() {
    return [isText(this.value), isZero(this.value), checks.isText(''), negate(this.value), old.negate(1), basename('/a/b')]
  }
})`,
    'index.mjs': `import { makeClass } from './cell.mjs'
export const Cell = makeClass()
export const cell = (value) => new Cell(value)`,
    'main.mjs': `import { addProcs, remoteCallFetch } from '@dialback/manager'
import { cell } from './index.mjs'
const [id] = await addProcs(1)
const back = await remoteCallFetch(() => cell(3), id)
console.log(back.value, ...back.tell())`,
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir.path, name), text)
  const { code, stdout, stderr } = await runScript(join(dir.path, 'main.mjs'))

  expect([stdout, code]).toEqual(['3 false false true -3 -1 b\n', 0])
  expect(stderr).not.toContain('Error')
})

test('a class that uses what its module keeps to itself, and another one made, is refused as a result', async () => {
  await using dir = await withTempDir({ resolvesPackages: true })
  const files = {
    'factory.mjs': 'export const factory = (create) => (...args) => create(...args)',
    'cell.mjs': `import { factory } from './factory.mjs'
const secret = () => 7
export const makeClass = factory(() => class Cell { tell() { return secret() } })`,
    'index.mjs': `import { makeClass } from './cell.mjs'
const Cell = makeClass()
export const cell = () => new Cell()`,
    'main.mjs': `import { addProcs, remoteCallFetch } from '@dialback/manager'
import { cell } from './index.mjs'
const [id] = await addProcs(1)
console.log(await remoteCallFetch(() => cell().tell(), id))
console.log(await remoteCallFetch(() => cell(), id).catch((error) => error.message))`,
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir.path, name), text)
  const { code, stdout } = await runScript(join(dir.path, 'main.mjs'))

  expect(stdout).toMatch(
    /^7\nCannot receive what uses secret of module .+, which does not export it: send plain data instead\n$/,
  )
  expect(code).toBe(0)
})
