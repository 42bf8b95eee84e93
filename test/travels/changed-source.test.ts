import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runScript } from '../support/run-script.ts'
import { withTempDir } from '../support/temp-dir.ts'

const script = `
const { writeFileSync } = require('node:fs')
const { addProcs, pmap } = require('@dialback/manager')

async function loadBoth(n) {
  writeFileSync(__dirname + '/state.cjs', \`let count = \${n}; exports.next = () => count++; exports.Kind = class { n = \${n} }\`)
  writeFileSync(__dirname + '/state.mjs', \`let count = \${n}; export const next = () => count++; export class Kind { n = \${n} }\`)
  delete require.cache[require.resolve('./state.cjs')]
  return [require('./state.cjs'), await import('./state.mjs?version=' + n)]
}

async function main() {
  await addProcs(1)
  const results = []
  for (const n of [10, 20, 30]) {
    for (const { next, Kind } of await loadBoth(n)) {
      results.push(await pmap(() => [next(), next(), new Kind().n], [1]))
    }
  }
  console.log(JSON.stringify(results.flat()))
}
main()
`

test('a module that has changed and was loaded again is a new module, with a state of its own', async () => {
  await using dir = await withTempDir({ resolvesPackages: true })
  await writeFile(join(dir.path, 'script.cjs'), script)

  const { stdout } = await runScript(join(dir.path, 'script.cjs'))

  expect(JSON.parse(stdout)).toEqual([
    [10, 11, 10],
    [10, 11, 10],
    [20, 21, 20],
    [20, 21, 20],
    [30, 31, 30],
    [30, 31, 30],
  ])
})
