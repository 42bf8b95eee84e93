/** Carries out one cell of the plan and collects what it measured. */

import { join } from 'node:path'
import { createBench, type Measurement } from './measure.ts'
import type { Cell, Peer } from './plan.ts'
import { type Ended, runProgram } from './run-program.ts'

export interface CellResult {
  readonly cell: Cell
  readonly measurements: readonly Measurement[]
  /** Why it measured less than it should; also when it left processes behind. */
  readonly problem?: string
}

export interface CellOptions {
  readonly isQuick: boolean
  /** Where the peers' own programs are. */
  readonly programFolder: string
  readonly signal: AbortSignal
}

/** Never rejects but by `signal`. */
export async function runCell(cell: Cell, options: CellOptions): Promise<CellResult> {
  return await (cell.workload === 'startup' ? runStartup(cell, options) : runWorkload(cell, options))
}

async function runWorkload(cell: Cell, options: CellOptions): Promise<CellResult> {
  const args = [source('run.ts'), cell.peer, cell.workload, ...(options.isQuick ? ['--quick'] : [])]
  const ended = await runProgram(args, { ...options, isOnOneCore: cell.workload === 'rtt-one-core' })
  return {
    cell,
    measurements: parseMeasurements(ended.output),
    ...(ended.problem !== undefined && { problem: ended.problem }),
  }
}

/** E: whole scripts, timed from outside, from before the process is there until it has ended. */
async function runStartup(cell: Cell, options: CellOptions): Promise<CellResult> {
  const measurements: Measurement[] = []
  const bench = createBench(cell.peer, cell.workload, options, (measurement) =>
    measurements.push(measurement),
  )
  const problems: string[] = []
  async function whole(args: readonly string[]): Promise<number> {
    const ended: Ended = await runProgram(args, { ...options, isOnOneCore: false })
    if (ended.problem !== undefined) problems.push(ended.problem)
    return ended.seconds
  }
  for (const { metric, args } of startupScripts(cell.peer, options.programFolder)) {
    await whole(args)
    const times = await bench.repeat(5, () => whole(args))
    if (problems.length > 0) return { cell, measurements, problem: problems[0] ?? '' }
    bench.report(metric, 's', times)
  }
  return { cell, measurements }
}

/** Users run what `npm run build` makes, like the peers' programs here; in this workspace the sources stand for it. */
const asPublished = '--conditions=dialback-published'

interface StartupScript {
  readonly metric: string
  readonly args: readonly string[]
}

function startupScripts(peer: Peer, programFolder: string): StartupScript[] {
  switch (peer) {
    case 'ours':
      return [
        { metric: 'whole_script', args: [asPublished, source('startup/ours-imported.ts')] },
        { metric: 'whole_script/inline', args: [asPublished, source('startup/ours-inline.ts')] },
        { metric: 'whole_script/sources', args: [source('startup/ours-imported.ts')] },
      ]
    case 'node':
      return [
        { metric: 'empty_script', args: [source('startup/empty.mjs')] },
        { metric: 'empty_typed_script', args: [source('startup/empty-typed.ts')] },
      ]
    case 'bare:ws':
    case 'bare:ws+co':
    case 'fork':
    case 'piscina':
      return [{ metric: 'whole_script', args: [join(programFolder, 'peer-startup.js'), peer] }]
  }
}

function source(path: string): string {
  return join(import.meta.dirname, path)
}

/** A worker's own lines may stand between. */
function parseMeasurements(output: string): Measurement[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{"peer":'))
    .map((line) => JSON.parse(line) as Measurement)
}
