/** Prints a census: in colours on a terminal, plain elsewhere and with NO_COLOR. */

import { styleText } from 'node:util'
import { topOf } from './counts.ts'
import { mergeTallies, type Tally } from './tally.ts'

/** One pass over files. */
export interface Census {
  /** What each worker found, by its id. */
  readonly shares: ReadonlyMap<number, Tally>
  /** Files that could not be parsed, and why. */
  readonly unparsed: ReadonlyMap<string, string>
  readonly seconds: number
}

type Row = readonly string[]

/** Makes one census of several over different files, by the same workers. */
export function joinCensuses(parts: readonly Census[]): Census {
  const ids = new Set(parts.flatMap(({ shares }) => [...shares.keys()]))
  const shareOf = (id: number): Tally => mergeTallies(parts.flatMap(({ shares }) => shares.get(id) ?? []))
  return {
    shares: new Map([...ids].map((id) => [id, shareOf(id)])),
    unparsed: new Map(parts.flatMap(({ unparsed }) => [...unparsed])),
    seconds: parts.reduce((sum, { seconds }) => sum + seconds, 0),
  }
}

/** Prints what the last census found, and how long each of them took. */
export function printReport(censuses: readonly Census[]): void {
  const census = censuses.at(-1)
  if (census === undefined) return
  const sum = mergeTallies([...census.shares.values()])
  printTable('Census', totals(sum, census.unparsed.size))
  printTable('Most imported', inColumns(countRows(topOf(sum.imports, 15)), 3))
  printTable('Longest functions', longestFunctions(sum))
  printTable('Syntax', inColumns(countRows(topOf(sum.features, 60)), 3))
  printTable('Not parsed', unparsedRows(census.unparsed))
  printTable('Workers', workerRows(census.shares))
  printTable('Time', timeRows(censuses))
}

function totals(sum: Tally, unparsed: number): Row[] {
  const imports = [...sum.imports.values()].reduce((total, n) => total + n, 0)
  return [
    ['files parsed', whole(sum.files), `${megabytes(sum.bytes)} MB, ${whole(sum.lines)} lines`],
    ['not parsed', whole(unparsed)],
    ['functions', whole(sum.functions)],
    ['imports', whole(imports), `of ${whole(sum.imports.size)} packages and builtins`],
  ]
}

function longestFunctions({ longest }: Tally): Row[] {
  return longest.map(({ name, file, line, lines }) => [name, whole(lines), `${shortName(file)}:${line}`])
}

function unparsedRows(unparsed: Census['unparsed']): Row[] {
  const inOrder = [...unparsed].sort(([a], [b]) => (a < b ? -1 : 1))
  return inOrder.map(([file, reason]) => [shortName(file), reason])
}

function workerRows(shares: Census['shares']): Row[] {
  return [...shares].map(([id, { files, bytes, functions }]) => [
    `worker ${id}`,
    `${whole(files)} files`,
    `${megabytes(bytes)} MB`,
    `${whole(functions)} functions`,
  ])
}

function timeRows(censuses: readonly Census[]): Row[] {
  const rows: Row[] = censuses.map(({ shares, seconds }) => [
    `on ${shares.size} ${shares.size === 1 ? 'worker' : 'workers'}`,
    `${seconds.toFixed(2)} s`,
  ])
  const [first, last] = [censuses.at(0), censuses.at(-1)]
  if (first === undefined || last === undefined || first === last) return rows
  return [...rows, ['speed-up', `${(first.seconds / last.seconds).toFixed(2)}×`]]
}

/** Prints a title and rows below it; what begins with a digit is a number, and stands to the right. */
function printTable(title: string, rows: readonly Row[]): void {
  if (rows.length === 0) return
  const columns = Math.max(...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(...rows.map((row) => row[i]?.length ?? 0)),
  )
  const print = (cell: string, i: number): string => {
    const width = widths[i] ?? 0
    return /^\d/.test(cell) ? styleText('cyan', cell.padStart(width)) : cell.padEnd(width)
  }
  console.log(`\n${styleText('bold', title)}`)
  for (const row of rows) console.log(`  ${row.map(print).join('  ').trimEnd()}`)
}

/** Puts a long table side by side with itself: down the first column, then down the next. */
function inColumns(rows: readonly Row[], columns: number): Row[] {
  const height = Math.ceil(rows.length / columns)
  return rows
    .slice(0, height)
    .map((_, i) => Array.from({ length: columns }, (_, column) => rows[i + column * height] ?? []).flat())
}

function countRows(counts: readonly (readonly [string, number])[]): Row[] {
  return counts.map(([name, n]) => [name, whole(n)])
}

/** `node_modules/.pnpm/acorn@8.19.0/node_modules/acorn/dist/acorn.js` → `acorn/dist/acorn.js` */
function shortName(file: string): string {
  return file.split('node_modules/').at(-1) ?? file
}

function whole(n: number): string {
  return n.toLocaleString('en-US')
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
