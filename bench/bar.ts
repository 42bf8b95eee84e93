/** What ours has to reach: a limit made of another figure of the same run, or a fixed one. */

import type { Figures } from './figures.ts'
import type { Peer, WorkloadName } from './plan.ts'

/** One metric of one peer, in the workload of its row unless told. */
export interface Source {
  readonly peer: Peer
  readonly metric: string
  readonly workload?: WorkloadName
}

export interface Bar {
  readonly direction: 'at most' | 'at least'
  /** The limit itself, or with `of` what that figure is multiplied by. */
  readonly value: number
  readonly of?: Source
  /** Added to the limit. */
  readonly plus?: number
  /** What `of` is called in the report. */
  readonly name?: string
}

export interface Verdict {
  readonly text: string
  /** Undefined when what it needs was not measured. */
  readonly holds: boolean | undefined
}

/** `ours` is the figure that the bar is about; `workload` is where `bar.of` is looked up. */
export function judge(bar: Bar, ours: number | undefined, workload: WorkloadName, figures: Figures): Verdict {
  const limit = limitOf(bar, workload, figures)
  const known = ours !== undefined && limit !== undefined
  const holds = known ? (bar.direction === 'at most' ? ours <= limit : ours >= limit) : undefined
  const sign = bar.direction === 'at most' ? '≤' : '≥'
  const of = bar.of === undefined ? '' : ` × ${bar.name ?? 'bare'}`
  const plus = bar.plus === undefined ? '' : ` + ${bar.plus}`
  // A ratio stands in its own column; where the limit is made otherwise, the reader needs its value.
  const value = plus === '' || limit === undefined ? '' : ` = ${limit.toFixed(3)}`
  return { text: `${sign} ${bar.value}${of}${plus}${value}`, holds }
}

function limitOf({ value, of, plus = 0 }: Bar, workload: WorkloadName, figures: Figures): number | undefined {
  if (of === undefined) return value + plus
  const base = figures.get(of.workload ?? workload, of.peer, of.metric)
  return base === undefined ? undefined : base * value + plus
}
