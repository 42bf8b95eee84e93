/** `npm run bench`: runs the plan, one process after another, and prints the report. */

import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { bundlePackages } from '../scripts/bundle-packages.ts'
import { buildPrograms } from './build-programs.ts'
import type { Measurement } from './measure.ts'
import { type Options, parseOptions, usage } from './options.ts'
import { type Cell, planCells } from './plan.ts'
import { waitForQuiet } from './quiet.ts'
import { formatFigure, formatReport } from './report.ts'
import { type CellResult, runCell } from './run-cell.ts'

try {
  const options = parseOptions(process.argv.slice(2))
  process.exitCode = options.isHelpWanted ? showHelp() : await bench(options)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

function showHelp(): number {
  process.stdout.write(usage)
  return 0
}

/** @returns the exit code: 1 when a run failed, whatever the figures are. */
async function bench(options: Options): Promise<number> {
  const signal = abortOnSignals()
  const programFolder = await buildPrograms()
  await bundlePackages()
  const cells = planCells(options.selected, options.rounds)
  const machine = describeMachine()
  const results: CellResult[] = []
  const noisy: Cell[] = []
  for (const [i, cell] of cells.entries()) {
    if (!options.isQuick && !(await waitForQuiet(signal))) noisy.push(cell)
    process.stderr.write(
      `[${i + 1}/${cells.length}] ${cell.workload} · ${cell.peer} · round ${cell.round + 1}`,
    )
    const result = await runCell(cell, { isQuick: options.isQuick, programFolder, signal })
    process.stderr.write(`  ${describeResult(result)}\n`)
    results.push(result)
  }
  process.stdout.write(`\n${machine}\n\n${formatReport(results)}${describeNoise(noisy, cells, options)}`)
  if (options.jsonFile !== undefined)
    writeFileSync(options.jsonFile, `${JSON.stringify({ machine, noisy, results }, undefined, 1)}\n`)
  return results.some(({ problem }) => problem !== undefined) ? 1 : 0
}

function abortOnSignals(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => controller.abort(new Error(`Stopped by ${name}`)))
  return controller.signal
}

function describeMachine(): string {
  const load = loadavg()[0]?.toFixed(2)
  const model = cpus()[0]?.model.trim() || process.arch
  return `${new Date().toISOString().slice(0, 16)} · ${availableParallelism()} × ${model} · Node ${process.version} · load ${load}`
}

function describeResult({ measurements, problem }: CellResult): string {
  if (problem !== undefined) return `FAILED: ${essenceOf(problem)}`
  return measurements.map(describeMeasurement).join(', ')
}

/** The line that names the error; workers' log lines may stand before it. */
function essenceOf(problem: string): string {
  const lines = problem.split('\n')
  return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines[0] ?? ''
}

function describeMeasurement({ metric, median, unit }: Measurement): string {
  return `${metric} ${formatFigure(median)}${unit === '' ? '' : ` ${unit}`}`
}

function describeNoise(noisy: readonly Cell[], cells: readonly Cell[], { isQuick }: Options): string {
  if (isQuick) return '\nA quick run: these figures show that all runs, and no more.\n'
  if (noisy.length === 0) return '\nThe machine was quiet before every run.\n'
  return `\nBefore ${noisy.length} of ${cells.length} runs the machine was not quiet within 20 s.\n`
}
