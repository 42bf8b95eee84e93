/** The rows of the report: which metric of which peer stands beside which, and the bar that ours has to reach. */

import type { Bar, Source } from './bar.ts'
import type { Peer, WorkloadName } from './plan.ts'

export interface Row {
  readonly workload: WorkloadName
  readonly label: string
  readonly unit: string
  /** The metric of each peer that has one; where it has the same name for all, that. */
  readonly metric: string | Partial<Record<Peer, string>>
  /** What ours is divided by. @default the bare pair's metric of this row */
  readonly against?: Source
  readonly bar?: Bar
}

const ownHalves: Source = { peer: 'ours', metric: 'efficiency/static-halves' }

const nearHalves: Bar = { direction: 'at least', value: 0.95, of: ownHalves, name: 'own halves' }

const startupBar: Bar = {
  direction: 'at most',
  value: 3,
  of: { peer: 'node', metric: 'empty_script' },
  name: 'empty',
  plus: 0.15,
}

export const rows: readonly Row[] = [
  ...rttRows('rtt', 'A round trip'),
  ...rttRows('rtt-one-core', 'A on one core'),
  {
    ...tinyRow('B tiny items, bare one out', 'default', 'depth=1'),
    bar: timesBare('at least', 1.5, 'tasks_per_s/depth=1'),
  },
  tinyRow('B tiny items, bare 64 out', 'default', 'depth=64'),
  {
    ...tinyRow("B 'auto', bare 100 a batch", 'auto', 'batch=100'),
    bar: timesBare('at least', 0.4, 'tasks_per_s/batch=100'),
  },
  tinyRow('B all 100 a batch', 'batch=100', 'batch=100'),
  { workload: 'pmap-cpu', label: 'C one task alone', unit: 'ms', metric: 'task_alone' },
  { workload: 'pmap-cpu', label: 'C static halves', unit: 'of 1', metric: ownHalves.metric },
  { ...cpuRow('C 200 × 5 ms, bare four out', 'default', 'depth=4'), bar: nearHalves },
  { ...cpuRow("C 'auto', bare one out", 'auto', 'depth=1'), bar: nearHalves },
  echoRow('D 8 MiB of bytes', 'MB_per_s/echo-u8-8MiB'),
  echoRow('D 8 MiB of doubles', 'MB_per_s/echo-f64-8MiB'),
  echoRow('D 100 MiB of bytes', 'MB_per_s/echo-u8-100MiB'),
  { workload: 'payload', label: 'D 8 MiB to two workers', unit: 'ms', metric: 'broadcast-8MiB-to-2' },
  { ...peakRow('D 100 MiB, peak of manager', '× body', 'peak/manager'), bar: atMost(4) },
  { ...peakRow('D 100 MiB, peak of worker', '× body', 'peak/worker'), bar: atMost(4) },
  { ...peakRow('D 100 MiB, manager blocked', 'ms', 'manager_blocked'), bar: atMost(100) },
  peakRow('D 100 MiB, small call beside', 'ms', 'small_call_beside'),
  { workload: 'startup', label: 'E whole script', unit: 's', metric: 'whole_script', bar: startupBar },
  {
    workload: 'startup',
    label: 'E inline function',
    unit: 's',
    metric: { ours: 'whole_script/inline', 'bare:ws': 'whole_script' },
    bar: startupBar,
  },
  {
    workload: 'startup',
    label: 'E from the sources',
    unit: 's',
    metric: { ours: 'whole_script/sources', 'bare:ws': 'whole_script' },
  },
  { workload: 'failure', label: 'F SIGKILL to error', unit: 'ms', metric: 'kill_to_error', bar: atMost(25) },
  { ...scaleRow('G start 50 workers', 's', 'start50'), bar: timesBare('at most', 1.5, 'start50') },
  { ...scaleRow('G memory a worker, whole tree', 'MB', 'tree_pss_growth_per_worker'), bar: atMost(45) },
  scaleRow('G PSS of a worker', 'MB', 'worker_pss'),
  scaleRow('G RSS of a worker', 'MB', 'worker_rss'),
  {
    workload: 'inflight',
    label: 'H 20,000 in flight',
    unit: '1/s',
    metric: 'calls_per_s',
    bar: timesBare('at least', 0.7, 'calls_per_s'),
  },
  { workload: 'window', label: 'I 64 at a time', unit: '1/s', metric: 'calls_per_s/window=64' },
  { workload: 'window', label: 'I 256 at a time', unit: '1/s', metric: 'calls_per_s/window=256' },
  codecRow('small-object', 'µs'),
  codecRow('array-of-objects', 'ms'),
  codecRow('f64-8MiB', 'ms'),
]

function rttRows(workload: WorkloadName, label: string): Row[] {
  return [
    { workload, label: `${label}, p50`, unit: 'µs', metric: 'p50', bar: timesBare('at most', 1.7, 'p50') },
    { workload, label: `${label}, p99`, unit: 'µs', metric: 'p99' },
  ]
}

function tinyRow(label: string, ours: string, addressed: string): Row {
  return { workload: 'pmap-tiny', label, unit: '1/s', metric: variants('tasks_per_s', ours, addressed) }
}

function cpuRow(label: string, ours: string, addressed: string): Row {
  const metric = variants('efficiency', ours, addressed)
  return { workload: 'pmap-cpu', label, unit: 'of 1', metric, against: ownHalves }
}

function peakRow(label: string, unit: string, metric: string): Row {
  return { workload: 'payload-peak', label, unit, metric }
}

function scaleRow(label: string, unit: string, metric: string): Row {
  return { workload: 'scale', label, unit, metric }
}

function echoRow(label: string, metric: string): Row {
  return { workload: 'payload', label, unit: 'MB/s', metric, bar: timesBare('at least', 2.5, metric) }
}

/** Here ours stands against the structured clone, which is what users would have had instead. */
function codecRow(value: string, unit: string): Row {
  const metric = `encode_decode/${value}`
  const against: Source = { peer: 'fork', metric }
  // Of its speed at least 0.8.
  const bar: Bar = { direction: 'at most', value: 1.25, of: against, name: 'structured clone' }
  return { workload: 'codec', label: `Codec, ${value}`, unit, metric, against, bar }
}

/** Of a map: ours, the peers with addressed workers, and piscina, which takes all at once unless it takes batches. */
function variants(metric: string, ours: string, addressed: string): Partial<Record<Peer, string>> {
  return {
    ours: `${metric}/${ours}`,
    'bare:ws': `${metric}/${addressed}`,
    'bare:ws+co': `${metric}/${addressed}`,
    fork: `${metric}/${addressed}`,
    piscina: `${metric}/${addressed.startsWith('batch') ? addressed : 'all-at-once'}`,
  }
}

function timesBare(direction: Bar['direction'], value: number, metric: string): Bar {
  return { direction, value, of: { peer: 'bare:ws', metric } }
}

function atMost(value: number): Bar {
  return { direction: 'at most', value }
}
