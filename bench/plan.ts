/** What is run, and in which order: every cell is one peer with one workload in one fresh process. */

export type Peer = 'ours' | 'bare:ws' | 'bare:ws+co' | 'fork' | 'piscina' | 'node'

export type WorkloadName =
  | 'rtt'
  | 'rtt-one-core'
  | 'pmap-tiny'
  | 'pmap-cpu'
  | 'payload'
  | 'payload-peak'
  | 'startup'
  | 'failure'
  | 'scale'
  | 'inflight'
  | 'window'
  | 'codec'

interface Workload {
  /** The name that selects it on the command line. */
  readonly selectedBy: string
  readonly peers: readonly Peer[]
}

const all: readonly Peer[] = ['ours', 'bare:ws', 'fork', 'piscina']
// Joining what one tick sends changes nothing where there is one message a tick.
const allJoined: readonly Peer[] = ['ours', 'bare:ws', 'bare:ws+co', 'fork', 'piscina']

/** In the order of the report. `rtt-one-core` is `rtt` with all processes on the first core. */
export const workloads: Readonly<Record<WorkloadName, Workload>> = {
  rtt: { selectedBy: 'rtt', peers: allJoined },
  'rtt-one-core': { selectedBy: 'rtt', peers: allJoined },
  'pmap-tiny': { selectedBy: 'pmap-tiny', peers: allJoined },
  'pmap-cpu': { selectedBy: 'pmap-cpu', peers: all },
  payload: { selectedBy: 'payload', peers: all },
  'payload-peak': { selectedBy: 'payload', peers: all },
  startup: { selectedBy: 'startup', peers: ['ours', 'node', 'bare:ws', 'fork', 'piscina'] },
  // A thread cannot be killed without its caller.
  failure: { selectedBy: 'failure', peers: ['ours', 'bare:ws', 'fork'] },
  scale: { selectedBy: 'scale', peers: all },
  inflight: { selectedBy: 'inflight', peers: allJoined },
  window: { selectedBy: 'window', peers: allJoined },
  // Here the peers are what they encode with: our codec, msgpackr, and the structured clone of `node:v8`.
  codec: { selectedBy: 'codec', peers: ['ours', 'bare:ws', 'fork'] },
}

export const workloadNames = Object.keys(workloads) as readonly WorkloadName[]

/** What can be named on the command line. */
export const selectableNames: readonly string[] = [
  ...new Set(workloadNames.map((name) => workloads[name].selectedBy)),
]

export interface Cell {
  readonly workload: WorkloadName
  readonly peer: Peer
  /** Counted from 0. */
  readonly round: number
}

/**
 * `rounds` rounds of ours, the bare pair and an empty Node, which ratios are made of; one of the others. Within a
 * workload the peers take turns, every second round in reverse, so that a machine that slows down slows all.
 */
export function planCells(selected: readonly WorkloadName[], rounds: number): Cell[] {
  return selected.flatMap((workload) =>
    Array.from({ length: rounds }, (_, round) => {
      const { peers } = workloads[workload]
      const inRound = round === 0 ? peers : peers.filter((peer) => comparedPeers.has(peer))
      const ordered = round % 2 === 0 ? inRound : inRound.toReversed()
      return ordered.map((peer) => ({ workload, peer, round }))
    }).flat(),
  )
}

const comparedPeers: ReadonlySet<Peer> = new Set<Peer>(['ours', 'bare:ws', 'node'])
