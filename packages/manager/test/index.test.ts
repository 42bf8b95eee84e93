import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)

test('the index loads nothing of Node or of Kubernetes that takes long and few scripts need', async () => {
  const script = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
    await import('@dialback/manager')
    console.log(JSON.stringify([...process.moduleLoadList, ...loaded]))`
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script])
  const names = JSON.parse(stdout) as string[]
  expect(names).toContain('NativeModule http')
  expect(
    names.filter((name) => /undici|http2|client-node|kube-http|pod-launcher|acorn|esbuild/.test(name)),
  ).toEqual([])
})
