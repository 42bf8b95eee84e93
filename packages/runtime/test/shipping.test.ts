import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const fixtures = fileURLToPath(new URL('fixtures/shipping/', import.meta.url))
const tsx = createRequire(import.meta.url).resolve('tsx')
const runners = { node: [], tsx: ['--import', pathToFileURL(tsx).href] } as const

/** Runs a program and gives what it prints, which is JSON. */
async function run(
  runner: keyof typeof runners,
  file: string,
  args: string[] = [],
  env = {},
): Promise<unknown> {
  const options = { cwd: join(file, '..'), env: { ...process.env, ...env } }
  const { stdout } = await promisify(execFile)(process.execPath, [...runners[runner], file, ...args], options)
  return JSON.parse(stdout)
}

test.each([
  ['node', []],
  ['tsx', []],
  ['node', ['--thread']],
] as const)('all functions of a program run by %s arrive (%j)', { timeout: 60_000 }, async (runner, args) => {
  const outcome = await run(runner, join(fixtures, 'program.ts'), [...args])

  expect(outcome).toEqual({ ran: 82, failures: [] })
})

test.each(['node', 'tsx'] as const)(
  'all functions of a CommonJS program run by %s arrive',
  { timeout: 60_000 },
  async (runner) => {
    const outcome = await run(runner, join(fixtures, 'commonjs.cjs'))

    expect(outcome).toEqual({ ran: 17, failures: [] })
  },
)

test.each(['module', 'commonjs'])(
  'what only tsx compiles arrives from a package of type %s',
  { timeout: 60_000 },
  async (type) => {
    const folder = mkdtempSync(join(tmpdir(), 'dialback-tsx-'))
    cpSync(join(fixtures, 'tsx-only'), folder, { recursive: true })
    // The repository's own type check would not take them.
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (name.endsWith('.ts.txt')) renameSync(join(folder, name), join(folder, name.replace('.txt', '')))
    }
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type }))
    symlinkSync(join(fixtures, '../../../node_modules'), join(folder, 'node_modules'))

    const env = { TEST_REMOTE: join(fixtures, 'remote.ts'), TEST_HIDE: pathToFileURL(folder).href }
    const outcome = await run('tsx', join(folder, 'program.ts'), [], env)

    expect(outcome).toEqual({
      ran: 10,
      failures: [],
      stack: [
        `    at Car.fail (${folder}/lib/color.ts:22:11)`,
        `    at <anonymous> (${folder}/program.ts:51:36)`,
      ],
    })
    rmSync(folder, { recursive: true })
  },
)

test('functions that are typed into a REPL arrive', { timeout: 60_000 }, async () => {
  const outcome = await run('node', join(fixtures, 'repl.ts'))

  expect(outcome).toEqual({
    captured: 10,
    'captured again': 28,
    function: 25,
    'calls function': 26,
    class: 6,
    instance: 8,
    'subclass of a builtin': 6,
    'builtin module': 'a/b',
    globals: [2, 'object', '[1]'],
    undefined: 'Cannot send call › .fn: it uses "nowhere", which is not defined (REPL26:1:25)',
    imported: 'Program',
    required: 'Program',
  })
})

const common = {
  'undefined variable': 'Cannot send call › .fn: it uses "nowhere", which is not defined (problems.ts:27:14)',
  'typeof undefined variable': 'undefined',
  proxy: 'Cannot send call › .fn: a Proxy; send a function that calls it',
  'undefined variable, deeper':
    'Cannot send call › .fn › captured "inner": it uses "nowhere", which is not defined (problems.ts:33:21)',
  promise: 'Cannot send call › .fn › captured "pending": Promise',
  'private name':
    'Cannot send call › .fn: it uses the private name #secret of the class around it (problems.ts:40:23)',
  thrown: ['problems.ts:47:9'],
  'thrown in a function': ['problems.ts:50:9', 'problems.ts:52:42'],
  'thrown in a module': ['shapes.ts:30:9', 'problems.ts:53:40'],
  'native addon':
    'Cannot send call › .fn › imports "./lib/native.cjs" › imports "./addon.node": it is a native addon, so its package must be in the worker\'s image (problems.ts:54:28)',
  'program itself':
    'Cannot send call › .fn › imports "./problems.ts": it is the program itself, which must not run again: move what is needed into a module of its own (problems.ts:55:30)',
}

test.each(['node', 'tsx'] as const)(
  'what cannot be sent is named with its place, run by %s',
  { timeout: 60_000 },
  async (runner) => {
    const outcome = await run(runner, join(fixtures, 'problems.ts'))

    expect(outcome).toEqual({
      ...common,
      'not initialized':
        'Cannot send call › .fn: it uses "tooLate", whose declaration has not run yet (problems.ts:30:37)',
    })
  },
)
