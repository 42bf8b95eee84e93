import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { root } from '../support/run-script.ts'

const imports =
  "import { increment } from './lib/shared.ts'; import { addProcs, pmap } from '@dialback/manager'"
const requires =
  "const { increment } = require('./lib/shared.ts'); const { addProcs, pmap } = require('@dialback/manager')"
const body = `
const offset = 10
const add = (x) => x + offset
const main = async () => {
  await addProcs(1)
  console.log(JSON.stringify(await pmap((x) => [add(x), increment()], [1, 2])))
  console.log(await pmap(() => [path.posix.sep, typeof os.cpus, fs.existsSync('/')], [1]))
  console.log(await pmap(() => nowhere, [1]).catch((error) => error.message))
}
main()`

test.each([
  ['module', imports, '[eval1]:8:32'],
  ['module-typescript', imports, '[eval]:8:32'],
  ['commonjs', requires, '[eval]:8:32'],
])('a program of type %s that is an argument of node is no module of its own', async (type, head, place) => {
  const args = [`--input-type=${type}`, '--eval', `${head}${body}`]
  const cwd = join(root, 'test/travels/fixtures')

  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd })

  expect(stdout.trimEnd().split('\n')).toEqual([
    '[[11,1],[12,2]]',
    "[ [ '/', 'function', true ] ]",
    `Cannot send fn: it uses "nowhere", which is not defined (${place})`,
  ])
})
