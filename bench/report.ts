/** The report: one table with all peers, what ours has to reach, and what callers get to read when a worker dies. */

import { judge, type Verdict } from './bar.ts'
import { Figures } from './figures.ts'
import { type Peer, workloads } from './plan.ts'
import { type Row, rows } from './rows.ts'
import type { CellResult } from './run-cell.ts'

const columns: readonly (readonly [Peer, string])[] = [
  ['ours', 'ours'],
  ['bare:ws', 'bare ws'],
  ['bare:ws+co', 'bare ws+co'],
  ['fork', 'fork'],
  ['piscina', 'piscina'],
]

const legend = `Ratio: ours / bare ws; in C ours / ours in static halves; of the codec ours / structured clone.
Over rounds: the smallest and the largest ratio within one round.
Codec: ours (large buffers stay where they are), msgpackr (bare ws), structured clone of node:v8 (fork).`

/** As Markdown; of the workloads that were run. */
export function formatReport(results: readonly CellResult[]): string {
  const figures = new Figures(results)
  const ran = new Set(results.map(({ cell }) => cell.workload))
  const shown = rows.filter(({ workload }) => ran.has(workload)).map((row) => describeRow(row, figures))
  const heads = ['', 'unit', ...columns.map(([, title]) => title), 'ratio', 'over rounds', 'bar', 'holds']
  const sections = [
    formatTable(
      heads,
      shown.map(({ cells }) => cells),
    ),
    legend,
    formatSummary(shown.flatMap(({ verdict }) => (verdict === undefined ? [] : [verdict]))),
    formatEmptyScripts(figures),
    formatErrors(figures),
    formatProblems(results),
  ]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}

interface ShownRow {
  readonly cells: readonly string[]
  readonly verdict: Verdict | undefined
}

function describeRow(row: Row, figures: Figures): ShownRow {
  const ours = sourceValue(row, 'ours', figures)
  const verdict = row.bar && judge(row.bar, ours, row.workload, figures)
  const cells = [
    row.label,
    row.unit,
    ...columns.map(([peer]) => formatFigure(sourceValue(row, peer, figures))),
    ...describeRatio(row, figures),
    verdict?.text ?? '',
    verdict === undefined ? '' : formatHolds(verdict),
  ]
  return { cells, verdict }
}

/** The ratio of the medians, and the smallest and largest ratio within one round: how far it can be trusted. */
function describeRatio(row: Row, figures: Figures): [string, string] {
  const against = row.against ?? { peer: 'bare:ws', metric: metricOf(row, 'bare:ws') }
  const ours = sourceValue(row, 'ours', figures)
  const other = against.metric && figures.get(row.workload, against.peer, against.metric)
  if (ours === undefined || typeof other !== 'number') return ['–', '']
  const theirs = figures.rounds(row.workload, against.peer, against.metric ?? '')
  const ratios = [...figures.rounds(row.workload, 'ours', metricOf(row, 'ours') ?? '')]
    .map(([round, value]) => value / (theirs.get(round) ?? Number.NaN))
    .filter(Number.isFinite)
  const range =
    ratios.length < 2 ? '' : `${formatFigure(Math.min(...ratios))}–${formatFigure(Math.max(...ratios))}`
  return [formatFigure(ours / other), range]
}

function metricOf({ metric }: Row, peer: Peer): string | undefined {
  return typeof metric === 'string' ? metric : metric[peer]
}

function sourceValue(row: Row, peer: Peer, figures: Figures): number | undefined {
  const metric = metricOf(row, peer)
  return metric === undefined ? undefined : figures.get(row.workload, peer, metric)
}

/** Three digits, or all of an integer part. */
export function formatFigure(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–'
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}

function formatHolds({ holds }: Verdict): string {
  if (holds === undefined) return '–'
  return holds ? 'yes' : 'NO'
}

function formatTable(heads: readonly string[], body: readonly (readonly string[])[]): string {
  const widths = heads.map((head, i) =>
    Math.max(head.length, 3, ...body.map((cells) => cells[i]?.length ?? 0)),
  )
  const isText = (i: number): boolean => i < 2 || i >= heads.length - 2
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (isText(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`
  const rule = `|${widths.map((width, i) => (isText(i) ? `:${'-'.repeat(width + 1)}` : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [line(heads), rule, ...body.map(line)].join('\n')
}

function formatSummary(verdicts: readonly Verdict[]): string {
  const judged = verdicts.filter(({ holds }) => holds !== undefined)
  const held = judged.filter(({ holds }) => holds)
  return judged.length === 0 ? '' : `${held.length} of ${judged.length} bars hold.`
}

function formatEmptyScripts(figures: Figures): string {
  const empty = figures.get('startup', 'node', 'empty_script')
  if (empty === undefined) return ''
  const typed = formatFigure(figures.get('startup', 'node', 'empty_typed_script'))
  return `An empty Node script takes ${formatFigure(empty)} s, an empty TypeScript one ${typed} s.`
}

function formatErrors(figures: Figures): string {
  const lines = workloads.failure.peers.flatMap((peer) => {
    const error = figures.error('failure', peer, 'kill_to_error')
    return error === undefined ? [] : [`- ${peer}: ${error}`]
  })
  return lines.length === 0 ? '' : `The error after SIGKILL:\n${lines.join('\n')}`
}

function formatProblems(results: readonly CellResult[]): string {
  const lines = results.flatMap(({ cell, problem }) =>
    problem === undefined ? [] : [`- ${cell.workload} of ${cell.peer}, round ${cell.round + 1}: ${problem}`],
  )
  return lines.length === 0 ? '' : `Problems:\n${lines.join('\n')}`
}
