/** One run in a process of its own: `run PEER WORKLOAD [--quick]` prints one JSON line for each metric. */

import { type Bench, createBench } from './measure.ts'
import type { PoolPeer } from './peers/pool.ts'
import type { WorkloadName } from './plan.ts'

type Run = (peer: PoolPeer, bench: Bench) => Promise<void>

const [peer, workload, quick] = process.argv.slice(2) as [PoolPeer, Exclude<WorkloadName, 'startup'>, string?]
endWithTheBench()
const run = await loadRun(workload)
await run(
  peer,
  createBench(peer, workload, { isQuick: quick === '--quick' }, (measurement) => {
    process.stdout.write(`${JSON.stringify(measurement)}\n`)
  }),
)
process.exit(0)

/** Imports only what is run, so that one workload's imports are not in another's memory. */
async function loadRun(name: Exclude<WorkloadName, 'startup'>): Promise<Run> {
  switch (name) {
    case 'rtt':
    case 'rtt-one-core':
      return (await import('./workloads/rtt.ts')).rtt
    case 'pmap-tiny':
      return (await import('./workloads/pmap-tiny.ts')).pmapTiny
    case 'pmap-cpu':
      return (await import('./workloads/pmap-cpu.ts')).pmapCpu
    case 'payload':
      return (await import('./workloads/payload.ts')).payload
    case 'payload-peak':
      return (await import('./workloads/payload-peak.ts')).payloadPeak
    case 'failure':
      return (await import('./workloads/failure.ts')).failure
    case 'scale':
      return (await import('./workloads/scale.ts')).scale
    case 'inflight':
      return (await import('./workloads/inflight.ts')).inflight
    case 'window':
      return (await import('./workloads/window.ts')).window
    case 'codec':
      return (await import('./workloads/codec.ts')).codec
  }
}

/** Standard input is a pipe from the bench; it closes even when the bench is killed. */
function endWithTheBench(): void {
  process.stdin.on('close', () => process.exit(1))
  process.stdin.resume()
}
