/** Scripts that a hook of `require` compiles, as ts-node and @swc-node/register do. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runScript } from './support/run-script.ts'
import { withTempDir } from './support/temp-dir.ts'

test('places are those of the file that the user wrote when a hook compiled it with a source map within', async () => {
  await using dir = await withTempDir({ resolvesPackages: true })
  await writeFile(join(dir.path, 'package.json'), '{ "type": "commonjs" }')
  const hook = join(dir.path, 'hook.cjs')
  await writeFile(
    hook,
    `const { transformSync } = require('esbuild')
const { readFileSync } = require('node:fs')
require.extensions['.tsx'] = (module, path) => {
  const options = { loader: 'tsx', format: 'cjs', sourcemap: 'inline', sourcefile: path }
  module._compile(transformSync(readFileSync(path, 'utf8'), options).code, path)
}`,
  )
  const script = join(dir.path, 'main.tsx')
  await writeFile(
    script,
    `import { addProcs, remoteCallFetch } from '@dialback/manager'
interface Left {
  out: number
}
enum Size { Big = 7 }
async function main() {
  const [id] = await addProcs(1)
  const fail = (left: Left) => { throw new RangeError(\`\${left.out + Size.Big}\`) }
  const { cause } = await remoteCallFetch(fail, id!, { out: 1 }).catch((error) => error)
  console.log(cause.message, /main\\.tsx:\\d+:\\d+/.exec(cause.stack)?.[0])
  const held = { ready: Promise.resolve() }
  console.log(await remoteCallFetch(() => held, id!).catch((error) => error.message))
}
main()`,
  )
  const { stdout, stderr } = await runScript(script, {
    cwd: dir.path,
    env: { NODE_OPTIONS: `--require ${hook}` },
  })

  expect(stderr).not.toContain('Error')
  expect(stdout).toBe(
    '8 main.tsx:8:40\nCannot send fn › captured "held" › .ready: Promise (main.tsx:12:43)\n',
  )
})
