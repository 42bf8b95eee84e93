import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'

const program = join(import.meta.dirname, 'fixtures/run-bundle.ts')

interface RunnableBundle extends Disposable {
  /** Gives what the bundle printed, in a process of its own. */
  run(env?: Readonly<Record<string, string>>): string
  /** Paths of what was kept. */
  kept(): string[]
  readonly url: string
}

function bundleThatPrintsItsUrl(): RunnableBundle {
  const directory = mkdtempSync(join(tmpdir(), 'dialback-test-'))
  const path = join(directory, 'a.code.js')
  writeFileSync(
    path,
    '(function(codeUrl,loadModule,resolveModule,keepCode){function tell(){return codeUrl}console.log(tell());keepCode?.()})',
  )
  return {
    url: pathToFileURL(path).href,
    run: (env) =>
      execFileSync(process.execPath, [program, path, 'an-id'], {
        encoding: 'utf8',
        env: { ...process.env, NODE_COMPILE_CACHE: join(directory, 'cache'), ...env },
      }).trim(),
    kept: () => globSync(join(directory, 'cache/*/dialback-*')),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  }
}

test('runBundle() runs the bundle and keeps what was compiled of it for the next process', () => {
  using bundle = bundleThatPrintsItsUrl()

  expect(bundle.run()).toBe(bundle.url)
  const kept = bundle.kept().map((path) => readFileSync(path))
  expect(kept).toHaveLength(1)
  expect(bundle.run()).toBe(bundle.url)
  expect(bundle.kept().map((path) => readFileSync(path))).toEqual(kept)
})

test.each([
  ['a byte that has changed', (kept: Buffer) => kept.fill(kept.readUInt8(99) ^ 1, 99, 100)],
  ['no end', (kept: Buffer) => kept.subarray(0, 50)],
  ['nothing in it', () => Buffer.alloc(0)],
])('runBundle() makes anew what was kept with %s', (_, damage) => {
  using bundle = bundleThatPrintsItsUrl()
  bundle.run()
  const [path = ''] = bundle.kept()
  const damaged = Buffer.from(damage(readFileSync(path)))
  writeFileSync(path, damaged)

  expect(bundle.run()).toBe(bundle.url)
  expect(readFileSync(path).equals(damaged)).toBe(false)
})

test('runBundle() keeps nothing where the compile cache is switched off', () => {
  using bundle = bundleThatPrintsItsUrl()

  expect(bundle.run({ NODE_DISABLE_COMPILE_CACHE: '1' })).toBe(bundle.url)
  expect(bundle.kept()).toEqual([])
})

test('runBundle() leaves nothing half written where it cannot keep what was compiled', () => {
  using bundle = bundleThatPrintsItsUrl()
  bundle.run()
  const [path = ''] = bundle.kept()
  rmSync(path)
  // Nothing takes its place.
  mkdirSync(path)

  expect(bundle.run()).toBe(bundle.url)
  expect(bundle.kept()).toEqual([path])
})
