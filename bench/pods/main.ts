/**
 * `npm run bench:pods`: asks one manager for a thousand pods of a real API server, on nodes that nobody runs, with workers
 * that only speak the protocol, and prints what that took beside a bare client that makes as many pods.
 */

import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { parseArgs, promisify } from 'node:util'
import type { V1Pod } from '@kubernetes/client-node'
import { BenchKube } from './bench-kube.ts'
import { FakeAgents } from './fake-agents.ts'
import { FakeNodes, fakeNode } from './kwok.ts'
import type { Figures } from './manager.ts'

/** 400 MB. */
const bars = { memoryMiB: 381, blockedMs: 100 }
/**
 * The heap of a manager in the pod of `dialback manifests interactive-session`: what V8 takes where a process may use 500 MiB,
 * and what that manifest sets. On a machine with 16 GiB and more V8 lets new objects alone grow to 96 MiB, and the others to
 * twice what is needed.
 */
const heapOfPod = ['--max-old-space-size=250', '--max-semi-space-size=8']

const { values } = parseArgs({ options: { pods: { type: 'string', default: '1000' } } })
const pods = Number(values.pods)
using kube = await BenchKube.open()
await using nodes = await FakeNodes.start(kube, 2 * pods)
const namespace = `dialback-bench-${process.pid}`
await kube.send('POST', '/api/v1/namespaces', {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: namespace },
})
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
try {
  const bareMs = await createBare()
  const agents = new FakeAgents(kube, namespace, nodes.logs)
  agents.run(stop.signal).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error
  })
  const program = new URL('./manager.ts', import.meta.url).pathname
  const args = [...heapOfPod, program, namespace, `127.0.0.1:${await freePort()}`, String(pods)]
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    maxBuffer: 1e8,
    signal: stop.signal,
  })
  report(JSON.parse(stdout) as Figures, agents, bareMs)
} finally {
  stop.abort()
  await kube.send('DELETE', `/api/v1/namespaces/${namespace}`)
}

/** The time that the same connections take for pods that nobody has a use for. */
async function createBare(): Promise<number> {
  const path = `/api/v1/namespaces/${namespace}/pods`
  const startedAt = performance.now()
  await Promise.all(
    Array.from({ length: pods }, async (_, n) => await kube.send('POST', path, barePod(`bare-${n}`))),
  )
  // They stay as long as the namespace.
  return performance.now() - startedAt
}

function barePod(name: string): V1Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      nodeSelector: { [fakeNode.key]: fakeNode.value },
      tolerations: [{ ...fakeNode, operator: 'Equal', effect: 'NoSchedule' }],
      containers: [{ name: 'bare', image: 'localhost/none' }],
    },
  }
}

function report(figures: Figures, { firstPodAt, lastPodAt }: FakeAgents, bareMs: number): void {
  const blockedMs = Math.max(figures.blockedJoiningMs, figures.blockedIdleMs, figures.blockedRemovingMs)
  const rows: [string, string][] = [
    ['a bare client makes as many pods', `${(bareMs / 1e3).toFixed(1)} s`],
    ['from the first pod to the last', `${((lastPodAt - firstPodAt) / 1e3).toFixed(1)} s`],
    ['until all have joined', `${(figures.joinedMs / 1e3).toFixed(1)} s (${figures.joined} of ${pods})`],
    ['until all are removed', `${(figures.removedMs / 1e3).toFixed(1)} s`],
    [
      'the event loop was blocked for',
      `${figures.blockedLoadingMs.toFixed(0)} ms loading modules, ${figures.blockedJoiningMs.toFixed(0)} ms joining, ${figures.blockedIdleMs.toFixed(0)} ms idle, ${figures.blockedRemovingMs.toFixed(0)} ms removing (bar ${bars.blockedMs})`,
    ],
    ['memory at its peak', `${figures.peakMemoryMiB.toFixed(0)} MiB (bar ${bars.memoryMiB})`],
    ['CPU while all are idle', `${figures.idleCpuPercent.toFixed(1)} % of a core`],
    [
      'warnings',
      `${figures.warnings.length} ${figures.warnings
        .slice(0, 3)
        .map((line) => line.slice(0, 200))
        .join(' · ')}`,
    ],
  ]
  for (const [what, figure] of rows) process.stdout.write(`${what.padEnd(36)}${figure}\n`)
  const isWithin =
    figures.joined === pods && figures.peakMemoryMiB < bars.memoryMiB && blockedMs < bars.blockedMs
  if (!isWithin) process.exitCode = 1
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
