import { randomUUID } from 'node:crypto'
import { appendFile, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { processesLeft, testIdVariable } from './support/processes.ts'
import { runScript, type ScriptEnd, type ScriptOptions, startScript } from './support/run-script.ts'
import { type TempDir, withTempDir } from './support/temp-dir.ts'

const fixture = 'test/fixtures/journaled-map.ts'

interface Run {
  readonly name: string
  readonly items: number
  readonly batchSize?: number
  readonly killAfter?: number
}

/** Runs of the fixture that share a journal. */
function journalIn(dir: TempDir) {
  const journal = join(dir.path, 'map.journal')
  const log = join(dir.path, 'computed')
  const testId = randomUUID()
  return {
    journal,
    testId,
    run: async ({ name, items, batchSize = 1, killAfter }: Run): Promise<ScriptEnd> =>
      await runScript(fixture, {
        args: [journal, String(items), String(batchSize)],
        env: { RUN: name, LOG: log, KILL_AFTER: String(killAfter ?? ''), [testIdVariable]: testId },
      }),
    /** `[run, item]`, in the order in which they were computed. */
    computed: async (): Promise<[run: string, item: number][]> =>
      (await readFile(log, 'utf8'))
        .trimEnd()
        .split('\n')
        .map((line) => [line.split(' ')[0] ?? '', Number(line.split(' ')[1])]),
  }
}

test('pmap() with a journal computes nothing again that was stored, whenever its manager is killed', async () => {
  await using dir = await withTempDir()
  const { run, computed, testId } = journalIn(dir)
  for (let i = 0; i < 50; i++) {
    const killAfter = 1 + Math.floor(20 * Math.random())
    const end = await run({ name: String(i), items: 2_000, batchSize: i % 2 === 0 ? 1 : 5, killAfter })
    expect(end, `run ${i}`).toMatchObject({ signal: 'SIGKILL', stdout: '' })
  }

  const last = await run({ name: '50', items: 2_000 })

  const values = JSON.parse(last.stdout) as string[]
  expect(values.length).toBe(2_000)
  const all = await computed()
  // A value says which run's was stored: that run has computed the item once, and no later one has.
  const storedBy = values.map((name, item) =>
    all.filter(([by, of]) => of === item && Number(by) >= Number(name)),
  )
  expect(storedBy.filter((found) => found.length !== 1)).toEqual([])
  expect(values.filter((name) => name !== '50').length).toBeGreaterThan(50)
  expect(await processesLeft(testId)).toEqual([])
  expect((await readdir(dir.path)).filter((name) => name.includes('.lock-held'))).toEqual([])
}, 600_000)

test('pmap() with a journal cuts off a record that was not written to its end, with a warning', async () => {
  await using dir = await withTempDir()
  const { run, computed, journal } = journalIn(dir)
  await run({ name: 'first', items: 3 })
  const { size } = await stat(journal)
  await appendFile(journal, Buffer.from([200, 0, 0, 0, 1, 2, 3, 4, 2, 77]))

  const end = await run({ name: 'second', items: 4 })

  expect(end).toMatchObject({ code: 0, stdout: '["first","first","first","second"]\n' })
  expect(end.stderr).toContain(
    `dialback warning: Journal ${journal}: dropped 10 bytes at its end, of a record that was not written to its end\n`,
  )
  expect((await computed()).length).toBe(4)
  expect((await stat(journal)).size).toBeGreaterThan(size)
})

/** Runs a script of this text, which may use `base`, with a journal. */
async function runText(dir: TempDir, text: string, options: ScriptOptions = {}): Promise<ScriptEnd> {
  const path = join(dir.path, 'script.ts')
  await writeFile(
    path,
    `import { addProcs, pmap } from '@dialback/manager'\nimport { scale } from './scale.ts'\n${text}`,
  )
  return await runScript(path, { cwd: dir.path, ...options })
}

const script = `
  await addProcs(1)
  const base = 1
  const compute = (x: number): string => \`\${process.env.RUN}:\${scale(x) + base}\`
  const values = await pmap(compute, [1, 2], { journal: 'j' }).catch((error) => error.message)
  console.log(values)`

const scaleModule = 'export const scale = (x: number) => x * 10'

test('pmap() with a journal knows its function again where it was moved, and the input was edited', async () => {
  await using dir = await withTempDir({ resolvesPackages: true })
  await writeFile(join(dir.path, 'scale.ts'), scaleModule)
  await runText(dir, script, { env: { RUN: 'a' } })

  const moved = `// One line more.\n${script.replace('[1, 2]', '[2, 3, 1]')}`
  const end = await runText(dir, moved, { env: { RUN: 'b' } })

  expect(end).toMatchObject({ code: 0, stdout: "[ 'a:21', 'b:31', 'a:11' ]\n" })
})

test.each([
  [
    'captured variable',
    script.replace('base = 1', 'base = 2'),
    scaleModule,
    'before the captured "base" changed',
  ],
  ['source', script.replace('(x) +', '(x) -'), scaleModule, 'before its source changed'],
  ['module', script, scaleModule.replace('10', '100'), '/scale.ts changed'],
])('pmap() with a journal refuses to go on when a %s has changed', async (_, changed, module, words) => {
  await using dir = await withTempDir({ resolvesPackages: true })
  await writeFile(join(dir.path, 'scale.ts'), scaleModule)
  await runText(dir, script, { env: { RUN: 'a' } })
  await writeFile(join(dir.path, 'scale.ts'), module)

  const { stdout } = await runText(dir, changed, { env: { RUN: 'b' } })

  expect(stdout).toContain('Cannot go on with journal ')
  expect(stdout).toContain('it has results of function "compute" ')
  expect(stdout).toContain(words)
  expect(stdout).toContain("onChange: 'restart'")
})

test('pmap() refuses a journal that another process has, and takes it when that was killed', async () => {
  await using dir = await withTempDir({ resolvesPackages: true })
  await writeFile(join(dir.path, 'scale.ts'), scaleModule)
  const waiting = script
    .replace('return', 'return')
    .replace('[1, 2]', '[1]')
    .replace('=> `', "=> process.env.RUN === 'a' ? (console.log('begun'), new Promise(() => {})) : `")
  const path = join(dir.path, 'first.ts')
  await writeFile(
    path,
    `import { addProcs, pmap } from '@dialback/manager'\nimport { scale } from './scale.ts'\n${waiting}`,
  )
  const first = startScript(path, { cwd: dir.path, env: { RUN: 'a' } })
  await first.wrote('begun')

  const second = await runText(dir, waiting, { env: { RUN: 'b' } })
  first.kill('SIGKILL')
  await first.ended
  const third = await runText(dir, waiting, { env: { RUN: 'b' } })

  expect(second.stdout).toMatch(
    /^Cannot use journal .*\/j: process \d+ on \S+ has it\. One process at a time can/,
  )
  expect(second.stdout).toContain(`process ${first.pid} on `)
  expect(third.stdout).toBe("[ 'b:11' ]\n")
})
