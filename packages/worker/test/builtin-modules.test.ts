import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { builtinModules } from '../src/builtin-modules.ts'

async function exportsOf(contents: string): Promise<Record<string, unknown>> {
  const { outputFiles } = await build({
    stdin: { contents },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    plugins: [builtinModules],
  })
  const code = outputFiles[0]?.text ?? ''
  return (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as Record<string, unknown>
}

test('builtinModules gives by name and as a whole what is rarely used and what is not', async () => {
  const found = await exportsOf(`
    import { crc32 } from 'node:zlib'
    import tls from 'node:tls'
    import { join } from 'node:path'
    import EventEmitter, { once } from 'node:events'
    export const values = [crc32('a'), typeof tls.connect, join('a', 'b'), typeof once, new EventEmitter().listenerCount('a')]
  `)
  expect(found['values']).toEqual([0xe8b7be43, 'function', 'a/b', 'function', 0])
})
