/** The command line of the bench. */

import { parseArgs } from 'node:util'
import { selectableNames, type WorkloadName, workloadNames, workloads } from './plan.ts'

export interface Options {
  readonly isHelpWanted: boolean
  readonly selected: readonly WorkloadName[]
  readonly isQuick: boolean
  /** How often ours and the bare pair are run, in turns. */
  readonly rounds: number
  readonly jsonFile: string | undefined
}

export const usage: string = `npm run bench -- [WORKLOAD …] [--quick] [--rounds N] [--json FILE]

Measures ours beside a bare ws + msgpackr pair of processes, child_process IPC and piscina, in one run.

WORKLOAD      ${selectableNames.join(' ')}; default: all
--quick       one round, two repetitions, and no waiting for a quiet machine: shows that all runs, no more
--rounds N    rounds of ours and the bare pair (default 3, quick 1)
--json FILE   all measurements as JSON
`

/** @throws {RangeError | TypeError} naming what is wrong. */
export function parseOptions(argv: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      json: { type: 'string' },
    },
  })
  const unknown = positionals.find((name) => !selectableNames.includes(name))
  if (unknown !== undefined)
    throw new RangeError(`Unknown workload "${unknown}"; there are ${selectableNames.join(', ')}`)
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new RangeError(`--rounds is not a positive integer: ${values.rounds}`)
  return {
    isHelpWanted: values.help,
    selected: workloadNames.filter(
      (name) => positionals.length === 0 || positionals.includes(workloads[name].selectedBy),
    ),
    isQuick: values.quick,
    rounds,
    jsonFile: values.json,
  }
}
