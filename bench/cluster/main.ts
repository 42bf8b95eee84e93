/**
 * `npm run bench:cluster`: what pods cost in the cluster that KUBECONFIG names, beside what they could cost at best: the
 * start of a worker, the time until a killed one is told of, and the tunnel. For a cluster on this machine, whose clock
 * its pods have.
 */

import { openBenchCluster } from './bench-cluster.ts'
import { measureOom } from './oom.ts'
import { measureStart } from './start.ts'
import { measureCarried } from './tunnel.ts'

const bars = { startMs: 500, rejectedMs: 300, tunnelRatio: 3 }

let isWithin = true
const print = (what: string, figure: string): void =>
  void process.stdout.write(`${what.padEnd(44)}${figure}\n`)
const within = (value: number, bar: number): string => {
  if (value <= bar) return 'ok'
  isWithin = false
  return 'MISSED'
}

const direct = await (async () => {
  await using bench = await openBenchCluster('auto')
  // Three such pods must fit on two CPUs: the one that is measured, the one before it that is going, and what stays.
  for (const { cpu, pods, rounds } of [
    { cpu: 0.6, pods: 1, rounds: 5 },
    { cpu: 0.2, pods: 1, rounds: 5 },
    { cpu: 0.09, pods: 10, rounds: 2 },
  ]) {
    const { bareMs, calledMs } = await measureStart(bench, { cpu, pods, rounds })
    const more = calledMs - bareMs
    print(
      `${pods} of ${cpu} CPU: addProcs until called`,
      `${calledMs.toFixed(0)} ms, a bare pod's first line ${bareMs.toFixed(0)} ms: ${more.toFixed(0)} more (bar ${bars.startMs}) ${within(more, bars.startMs)}`,
    )
  }
  const { statusMs, rejectedMs, reasons } = await measureOom(bench, 5)
  print('from the kernel’s kill to the status', `${statusMs.toFixed(0)} ms`)
  print(
    'from the status to the rejected call',
    `${rejectedMs.toFixed(0)} ms, ${reasons.join(', ')} (bar ${bars.rejectedMs}) ${within(rejectedMs, bars.rejectedMs)}`,
  )
  return await measureCarried(bench)
})()
await using bench = await openBenchCluster('tunnel')
const tunnel = await measureCarried(bench)
const ratio = tunnel.roundTripMs / direct.roundTripMs
print(
  'round trip, direct and through the tunnel',
  `${direct.roundTripMs.toFixed(2)} and ${tunnel.roundTripMs.toFixed(2)} ms: ${ratio.toFixed(1)}× (bar ${bars.tunnelRatio}×) ${within(ratio, bars.tunnelRatio)}`,
)
print(
  '8 MiB there and back',
  `${direct.payloadMs.toFixed(0)} and ${tunnel.payloadMs.toFixed(0)} ms: ${(tunnel.payloadMs / direct.payloadMs).toFixed(1)}×`,
)
print(
  'another worker’s longest answer meanwhile',
  `${direct.longestMs.toFixed(0)} and ${tunnel.longestMs.toFixed(0)} ms`,
)
if (!isWithin) process.exitCode = 1
