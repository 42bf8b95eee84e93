import { randomUUID } from 'node:crypto'
import { globSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { inspect } from '../examples/census/inspect.ts'
import { addFile, newTally, type Tally } from '../examples/census/tally.ts'
import { renderTile } from '../examples/mandelbrot/render-tile.ts'
import { processesLeft, processesOf, testIdVariable } from './support/processes.ts'
import { root, runScript, type ScriptEnd, type ScriptOptions, startScript } from './support/run-script.ts'
import { type TempDir, withTempDir } from './support/temp-dir.ts'

const script = `import fs, { readFileSync } from 'fs'
import { x } from '@scope/pkg/deep/file.js'
import './own.js'
const { y } = require('plain/sub')
export const twice = async (n) => {
  await n
  return n ?? (() => 2 ** n)
}
class A {
  #secret = 1
  get half() {
    return this.#secret?.half
  }
}
`
const types = `import type { Z } from 'zod'
export interface B<T> {
  readonly c: import('typed').C
}
enum Size { small }
export function area(this: Z, size: Size = Size.small): number { return size as number }
`
const declarations =
  'export declare function f(a: string): void\nexport declare function f(a: number): void\n'

/** Makes a directory of four files, one of them broken, and what is not to be counted. */
async function smallSources(): Promise<TempDir> {
  const dir = await withTempDir()
  const files = {
    'a.js': script,
    'b.mts': types,
    'c.d.ts': declarations,
    'd.cjs': 'const = 1',
    'e.json': '{}',
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir.path, name), text)
  return dir
}

async function census(args: readonly string[], options: ScriptOptions = {}): Promise<ScriptEnd> {
  return await runScript('examples/census.ts', { args, ...options })
}

/** The tables by their titles, each as rows of cells. */
function tablesOf(report: string): Map<string, string[][]> {
  const sections = report.trim().split('\n\n')
  return new Map(
    sections.map((section) => {
      const [title = '', ...rows] = section.split('\n')
      return [title, rows.map((row) => row.trim().split(/ {2,}/))]
    }),
  )
}

test('census counts what is in files of known contents', async () => {
  await using dir = await smallSources()

  const { code, stdout } = await census(['--directory', dir.path, '--workers', '2'])

  const tables = tablesOf(stdout)
  expect(code).toBe(0)
  expect(tables.get('Census')).toEqual([
    ['files parsed', '3', '0.0 MB, 25 lines'],
    ['not parsed', '1'],
    ['functions', '4'],
    ['imports', '6', 'of 6 packages and builtins'],
  ])
  // In three columns, which read downwards.
  expect(tables.get('Most imported')?.flat()).toEqual(
    ['@scope/pkg', 'own files', 'typed', 'node:fs', 'plain', 'zod'].flatMap((name) => [name, '1']),
  )
  expect(tables.get('Longest functions')).toEqual([
    ['twice', '4', `${dir.path}/a.js:5`],
    ['half', '3', `${dir.path}/a.js:11`],
    ['(anonymous)', '1', `${dir.path}/a.js:7`],
    ['area', '1', `${dir.path}/b.mts:6`],
  ])
  expect(tables.get('Syntax')?.flat()).toEqual(
    expect.arrayContaining([
      'arrow function',
      '2',
      '??',
      '1',
      '**',
      '1',
      'enum',
      '1',
      'import type',
      '1',
      'private member',
      '1',
    ]),
  )
  expect(tables.get('Not parsed')).toEqual([[`${dir.path}/d.cjs`, 'Unexpected token (1:6)']])
})

test('census finds on two workers what a direct computation finds', async () => {
  const { code, stdout } = await census(['--limit', '200', '--workers', '2'])

  const tables = tablesOf(stdout)
  const { tally, unparsed } = directTally(200)
  expect(code).toBe(0)
  expect(numbersIn(tables.get('Census'), 1)).toEqual([
    tally.files,
    unparsed,
    tally.functions,
    sum(tally.imports.values()),
  ])
  expect(numbersIn(tables.get('Longest functions'), 1)).toEqual(tally.longest.map(({ lines }) => lines))
  expect(sum(numbersIn(tables.get('Workers'), 1))).toBe(tally.files)
  expect(sum(numbersIn(tables.get('Workers'), 3))).toBe(tally.functions)
  expect(tables.get('Workers')?.map(([name]) => name)).toEqual(['worker 2', 'worker 3'])
  expect(tables.get('Time')?.map(([name]) => name)).toEqual(['on 1 worker', 'on 2 workers', 'speed-up'])
})

test('census finds the same on one worker as on three', async () => {
  const reports = [
    await census(['--limit', '100', '--workers', '1']),
    await census(['--limit', '100', '--workers', '3']),
  ]

  const [one, three] = reports.map(({ stdout }) => stdout.slice(0, stdout.indexOf('\nWorkers\n')))
  expect(one).toContain('Longest functions')
  expect(three).toBe(one)
})

test('census writes no control characters when there is no terminal', async () => {
  const { code, stdout, stderr } = await census(['--limit', '10'])

  expect(code).toBe(0)
  expect(stdout + stderr).not.toContain('\u001b')
  expect(stdout + stderr).not.toContain('\r')
})

test.each([
  [['--workers', '0'], "argument '0' is invalid. It must be a whole number of at least 1."],
  [['--limits', '5'], "unknown option '--limits'\n(Did you mean --limit?)"],
  [['--directory', 'docs/nowhere'], 'no JavaScript or TypeScript in docs/nowhere'],
])('census %j is refused with a sentence', async (args, sentence) => {
  const { code, stderr } = await census(args)

  expect(code).toBe(1)
  expect(stderr).toContain(sentence)
  expect(stderr).not.toMatch(/^ +at /m)
})

test.each([
  ['starting', 'files on 1 worker', 'one'],
  ['parsing', 'local-2 is up', 'one'],
  ['parsing, and so do its workers', 'local-3 is up', 'all'],
])('census ends at once with 130 when it is interrupted while %s', async (_, text, who) => {
  const testId = randomUUID()
  const running = startScript('examples/census.ts', {
    // All files on one worker, which comes first, would take too long where the machine is busy.
    args: ['--workers', '2', '--limit', '1000'],
    env: { [testIdVariable]: testId },
  })
  await running.wrote(text)

  // A terminal sends it to all of them, `kill` to one.
  const others = who === 'all' ? processesOf(testId).filter(({ pid }) => pid !== running.pid) : []
  running.kill('SIGINT')
  for (const { pid } of others) killIfThere(pid, 'SIGINT')

  const end = await running.ended
  expect(end).toMatchObject({ code: 130, signal: null })
  // It did not go on to its results.
  expect(end.stdout).not.toContain('Longest functions')
  expect(await processesLeft(testId)).toEqual([])
})

test('mandelbrot writes the picture that one process alone would', async () => {
  await using dir = await withTempDir()
  const out = join(dir.path, 'picture.png')

  const end = await runScript('examples/mandelbrot.ts', {
    args: ['--size', '100', '--tiles', '7', '--workers', '2', '--out', out],
  })

  const { width, height, pixels } = decodePng(await readFile(out))
  const size = 100
  expect(end).toMatchObject({ code: 0 })
  expect(end.stdout).toMatch(/picture\.png: 100 × 100, 49 tiles on 2 workers in \d/)
  expect({ width, height }).toEqual({ width: size, height: size })
  expect(pixels.equals(renderTile({ x: 0, y: 0, width: size, height: size }, size))).toBe(true)
  // Black in the middle of the set, light around it.
  expect([...pixels.subarray((50 * size + 60) * 3, (50 * size + 60) * 3 + 3)]).toEqual([0, 0, 0])
  expect(new Set(pixels).size).toBeGreaterThan(50)
})

/** It may have ended with its manager by now. */
function killIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** The same census in this process. */
function directTally(limit: number): { tally: Tally; unparsed: number } {
  const cwd = join(root, 'node_modules/.pnpm')
  const tally = newTally()
  let unparsed = 0
  for (const file of globSync('**/*.{js,mjs,cjs,ts,mts,cts}', { cwd }).sort().slice(0, limit)) {
    try {
      addFile(tally, inspect(join(cwd, file)))
    } catch {
      unparsed += 1
    }
  }
  return { tally, unparsed }
}

function numbersIn(rows: readonly string[][] | undefined, column: number): number[] {
  return rows?.map((row) => Number.parseInt(row[column]?.replaceAll(',', '') ?? '', 10)) ?? []
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, n) => total + n, 0)
}

/** Reads what examples/mandelbrot writes: three bytes a pixel, one chunk of data, no filter. */
function decodePng(png: Buffer): { width: number; height: number; pixels: Buffer } {
  expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n')
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
  const dataAt = png.indexOf('IDAT') + 4
  const rows = inflateSync(png.subarray(dataAt, dataAt + png.readUInt32BE(dataAt - 8)))
  const stride = width * 3 + 1
  const pixels = Array.from({ length: height }, (_, y) => rows.subarray(y * stride + 1, (y + 1) * stride))
  return { width, height, pixels: Buffer.concat(pixels) }
}
