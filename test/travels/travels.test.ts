import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root, runScript } from '../support/run-script.ts'
import { mark, type Outcome } from './fixtures/table.ts'
import { typeIntoRepl } from './type-into-repl.ts'

const folder = join(root, 'test/travels/fixtures')
const programs = readdirSync(folder).filter((name) => /^(functions|values|refusals)/.test(name))

/** In the REPL nothing is a module, so what only modules have is not typed into it. */
const isForRepl = (name: string): boolean => !name.endsWith('-of-modules.ts')

const runs = programs.flatMap((name) => [
  { name, by: 'Node', run: async () => await written(name, false) },
  { name, by: 'tsx', run: async () => await written(name, true) },
  ...(isForRepl(name)
    ? [{ name, by: 'the REPL', run: async () => await typeIntoRepl(join(folder, name)) }]
    : []),
])

async function written(name: string, tsx: boolean): Promise<string> {
  const { stdout, stderr } = await runScript(join(folder, name), { tsx, timeoutMs: 100_000 })
  return stdout + stderr
}

/** The names of the rows of each program, by what ran it. */
const rows = new Map<string, Set<string>>()

test.each(runs)('all of $name travels, run by $by', { timeout: 120_000 }, async ({ name, by, run }) => {
  const output = await run()

  const line = output.split('\n').find((each) => each.includes(mark))
  expect(line, output).toBeDefined()
  const outcome = JSON.parse(line?.slice(line.indexOf(mark) + mark.length) ?? '') as Outcome
  expect(outcome.failures, output).toEqual([])
  const known = rows.get(by) ?? new Set()
  rows.set(by, known)
  for (const each of outcome.rows) known.add(`${name}: ${each}`)
})

test.runIf(programs.length > 0)('the same rows were run in all ways, and enough of them', () => {
  const [node, tsx, repl] = ['Node', 'tsx', 'the REPL'].map((by) => [...(rows.get(by) ?? [])])
  const count = (kind: string): number => (repl ?? []).filter((row) => row.startsWith(kind)).length

  expect(tsx).toEqual(node)
  expect(repl).toEqual(node?.filter((row) => isForRepl(row.slice(0, row.indexOf(':')))))
  expect(count('functions')).toBeGreaterThanOrEqual(120)
  expect(count('values')).toBeGreaterThanOrEqual(120)
})
