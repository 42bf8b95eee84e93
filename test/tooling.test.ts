import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { processesLeft, processesOf } from './support/processes.ts'
import { root, runScript, startScript } from './support/run-script.ts'
import { withTempDir } from './support/temp-dir.ts'

const captured = { value: 2 }

test('a test file looks like a script that was started with node', () => {
  const double = (n: number): number => n * captured.value
  const shadowed = `(n${' '.repeat(8)})${' '.repeat(8)} => n * captured.value`

  expect(double.toString()).toBe(shadowed)
  expect(import.meta.url).toBe(`file://${join(root, 'test/tooling.test.ts').replaceAll(' ', '%20')}`)
  expect(process.argv.slice(1)).toEqual([join(root, 'test/tooling.test.ts')])
  expect(process.execArgv).toEqual([])
  expect(process.env['VITEST']).toBeUndefined()
})

test('runScript() runs TypeScript by type stripping and by tsx and gives its end', async () => {
  await using dir = await withTempDir()
  const script = join(dir.path, 'script.ts')
  await writeFile(
    script,
    'enum Size { big = 7 }; console.log(process.argv[2], process.env.X); process.exitCode = Size.big',
  )
  const plain = join(dir.path, 'plain.mts')
  await writeFile(
    plain,
    'const n: number = 3; console.error(process.version.slice(0, 3)); process.exitCode = n',
  )

  const bytsx = await runScript(script, { args: ['a b'], env: { X: 'x' }, tsx: true })
  const byNode = await runScript(plain)

  expect(bytsx).toMatchObject({ code: 7, signal: null, stdout: 'a b x\n', stderr: '' })
  expect(byNode).toMatchObject({
    code: 3,
    signal: null,
    stdout: '',
    stderr: `${process.version.slice(0, 3)}\n`,
  })
})

test('runScript() kills a script whose time is up', async () => {
  await using dir = await withTempDir()
  const script = join(dir.path, 'endless.mjs')
  await writeFile(script, 'console.log("on"); setInterval(() => {}, 1000)')

  // Longer than it may take to start, also where it does not get its turn at once.
  await expect(runScript(script, { timeoutMs: 5_000 })).rejects.toThrow(
    'endless.mjs did not end within 5000 ms\non',
  )
})

test('processesOf() finds what a script started until it has ended', async () => {
  const testId = randomUUID()
  await using dir = await withTempDir()
  const script = join(dir.path, 'parent.mjs')
  await writeFile(
    script,
    `import { spawn } from 'node:child_process'
     spawn('sleep', ['20'], { stdio: 'inherit' }); console.log('ready')`,
  )
  const running = startScript(script, { env: { DIALBACK_TEST_ID: testId } })
  await running.wrote('ready')

  const found = processesOf(testId).map((live) => live.commandLine)
  running.kill('SIGKILL')
  const end = await running.ended
  const [left] = await processesLeft(testId, 100)

  expect(found.toSorted()).toEqual([`${process.execPath} ${script}`, 'sleep 20'].toSorted())
  expect(end).toMatchObject({ code: null, signal: 'SIGKILL' })
  expect(left?.commandLine).toBe('sleep 20')
  process.kill(left?.pid ?? 0, 'SIGKILL')
  expect(await processesLeft(testId)).toEqual([])
})
