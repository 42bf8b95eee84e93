/** Sums of what was found in many files; each worker keeps one. */

import { type Counts, count } from './counts.ts'
import type { FileFacts, FunctionFacts } from './inspect.ts'

export interface Tally {
  files: number
  bytes: number
  lines: number
  functions: number
  readonly longest: FunctionFacts[]
  /** How often each package is imported. */
  readonly imports: Counts
  /** How often each feature of the language is used. */
  readonly features: Counts
}

/** How many functions make it into `longest`. */
const longestKept = 10

export function newTally(): Tally {
  return { files: 0, bytes: 0, lines: 0, functions: 0, longest: [], imports: new Map(), features: new Map() }
}

/** Adds one file to a tally. */
export function addFile(tally: Tally, facts: FileFacts): void {
  tally.files += 1
  tally.bytes += facts.bytes
  tally.lines += facts.lines
  tally.functions += facts.functions.length
  keepLongest(tally, facts.functions)
  addCounts(tally.imports, facts.imports)
  addCounts(tally.features, facts.features)
}

/** Makes one tally of several; their order makes no difference. */
export function mergeTallies(tallies: readonly Tally[]): Tally {
  const sum = newTally()
  for (const tally of tallies) {
    sum.files += tally.files
    sum.bytes += tally.bytes
    sum.lines += tally.lines
    sum.functions += tally.functions
    keepLongest(sum, tally.longest)
    addCounts(sum.imports, tally.imports)
    addCounts(sum.features, tally.features)
  }
  return sum
}

function addCounts(sum: Counts, counts: Counts): void {
  for (const [name, n] of counts) count(sum, name, n)
}

function keepLongest(tally: Tally, functions: readonly FunctionFacts[]): void {
  const { longest } = tally
  longest.push(...functions)
  longest.sort(
    (a, b) => b.lines - a.lines || Number(a.file > b.file) - Number(a.file < b.file) || a.line - b.line,
  )
  longest.splice(longestKept)
}
