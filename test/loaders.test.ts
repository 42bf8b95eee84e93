/** Modules that loaders of the user's make: of files that are not JavaScript, or in front of others. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runScript, type ScriptEnd } from './support/run-script.ts'
import { withTempDir } from './support/temp-dir.ts'

/** Runs `main.js` among `files`, with the loader in `hook.js`. */
async function runWithLoader(files: Readonly<Record<string, string>>): Promise<ScriptEnd> {
  await using directory = await withTempDir({ resolvesPackages: true })
  const all = { 'package.json': '{ "type": "module" }', ...files }
  for (const [name, text] of Object.entries(all)) await writeFile(join(directory.path, name), text)
  return await runScript(join(directory.path, 'main.js'), {
    cwd: directory.path,
    env: { NODE_OPTIONS: `--import ${join(directory.path, 'hook.js')}` },
  })
}

test('what a loader makes of a file that is not JavaScript travels as that', async () => {
  const hook = `
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
registerHooks({
  load(url, context, next) {
    if (!url.endsWith('.yaml')) return next(url, context)
    const text = JSON.stringify(readFileSync(new URL(url), 'utf8'))
    const source = 'let n = 0; export const count = () => ++n; export default ' + text
    return { format: 'module', shortCircuit: true, source }
  },
})`
  const main = `
import { addProcs, remoteCallFetch } from '@dialback/manager'
import text, { count } from './one.yaml'

await addProcs(1)
console.log(await remoteCallFetch(() => [text, count(), count()], 2))
const later = async () => await import('./two.yaml')
console.log(await remoteCallFetch(later, 2).catch(({ message }) => message))
`
  // As JavaScript it would be a label and a block.
  expect(
    await runWithLoader({ 'hook.js': hook, 'main.js': main, 'one.yaml': 'a: {}', 'two.yaml': 'b: {}' }),
  ).toMatchObject({
    stdout: `[ 'a: {}', 1, 2 ]
Cannot send fn › imports "./two.yaml": it is not JavaScript, and what a loader makes of it is not known here (main.js:7:15)
`,
    code: 0,
  })
})

test('a module of which a loader has changed the text travels so, although it changed no other one', async () => {
  const hook = `
import { registerHooks } from 'node:module'
registerHooks({
  load(url, context, next) {
    const loaded = next(url, context)
    if (!url.endsWith('/version.js')) return loaded
    return { ...loaded, source: String(loaded.source).replace('VERSION', '"1.2"') }
  },
})`
  const main = `
import { addProcs, remoteCallFetch } from '@dialback/manager'
import { version } from './version.js'

await addProcs(1)
console.log(await remoteCallFetch(() => version(), 2))
`
  const version = 'const known = VERSION\nexport const version = () => known'
  const end = await runWithLoader({ 'hook.js': hook, 'main.js': main, 'version.js': version })
  expect(end).toMatchObject({ stdout: '1.2\n', code: 0 })
})

test('a module is one on a worker also where a loader puts another one before it, as OpenTelemetry does', async () => {
  const hook = `
import { registerHooks } from 'node:module'
const query = '?wrapped=true'
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context)
    const isWrapped = /\\/(state|model)\\.js$/.test(found.url) && !context.parentURL?.endsWith(query)
    return isWrapped ? { ...found, url: found.url + query } : found
  },
  load(url, context, next) {
    if (!url.endsWith(query)) return next(url, context)
    const name = url.includes('state') ? 'count' : 'Model'
    const source = \`import * as all from '\${url.slice(0, -query.length)}'
let given = all.\${name}
export { given as '\${name}' }
globalThis.wrapped = (value) => { given = value }\`
    return { format: 'module', shortCircuit: true, source }
  },
})`
  const main = `
import { addProcs, remoteCallFetch } from '@dialback/manager'
import { Model } from './model.js'
import { count } from './state.js'

await addProcs(1)
console.log(await remoteCallFetch(() => [new Model().n, count()], 2))
console.log(await remoteCallFetch(count, 2))
console.log(await remoteCallFetch((model) => model instanceof Model, 2, new Model()))
`
  const state = 'let n = 0\nexport const count = () => ++n'
  const model = `import { count } from './state.js'
export class Model { constructor() { this.n = count() } }`
  const files = { 'hook.js': hook, 'main.js': main, 'state.js': state, 'model.js': model }
  expect(await runWithLoader(files)).toMatchObject({ stdout: '[ 1, 2 ]\n3\ntrue\n', code: 0 })
})
