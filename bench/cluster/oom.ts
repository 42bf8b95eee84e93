/** From a worker's memory being too much, to the call that says so: what the cluster takes, and what comes on top of it. */

import { createServer, type Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import { WorkerTerminatedError } from '@dialback/manager'
import type { V1Pod } from '@kubernetes/client-node'
import { median } from '../measure.ts'
import type { BenchCluster } from './bench-cluster.ts'

export interface OomFigures {
  /** Medians, in ms: from the kernel's kill to the API server's word, and from that to the rejected call. */
  readonly statusMs: number
  readonly rejectedMs: number
  readonly reasons: readonly string[]
}

export async function measureOom(bench: BenchCluster, rounds: number): Promise<OomFigures> {
  const status: number[] = []
  const rejected: number[] = []
  const reasons = new Set<string>()
  for (let round = 0; round < rounds; round++) {
    const { killedAt, saidAt, rejectedAt, reason } = await oneDeath(bench)
    status.push(saidAt - killedAt)
    rejected.push(rejectedAt - saidAt)
    reasons.add(reason)
  }
  return { statusMs: median(status), rejectedMs: median(rejected), reasons: [...reasons] }
}

interface Death {
  readonly killedAt: number
  readonly saidAt: number
  readonly rejectedAt: number
  readonly reason: string
}

async function oneDeath({ cluster, kube, namespace, manager }: BenchCluster): Promise<Death> {
  const [id = 0] = await cluster.addProcs(manager(1, { cpu: 0.8, memory: '200Mi' }))
  const pod = await cluster.remoteCallFetch(() => process.env['DIALBACK_POD_NAME'], id)
  const stop = new AbortController()
  const { promise: said, resolve } = Promise.withResolvers<number>()
  const watching = kube.watchPods(namespace, stop.signal, ({ pod: seen }) => {
    if (seen.metadata?.name === pod && hasEnded(seen)) resolve(performance.now())
  })
  await using lifeline = await Lifeline.listen()
  await cluster.remoteCallFetch(holdOn, id, lifeline.addresses, lifeline.port)
  const call = cluster.remoteCallFetch(useTooMuch, id)
  const error: unknown = await call.catch((cause: unknown) => cause)
  const rejectedAt = performance.now()
  const killedAt = await lifeline.cut
  const saidAt = await said
  stop.abort()
  await watching.catch(() => {})
  if (!(error instanceof WorkerTerminatedError)) throw new Error(`It did not die: ${String(error)}`)
  return { killedAt, saidAt, rejectedAt, reason: error.reason }
}

function hasEnded({ status }: V1Pod): boolean {
  return status?.containerStatuses?.[0]?.state?.terminated !== undefined
}

/** A connection that the kernel cuts when it kills the worker. */
class Lifeline implements AsyncDisposable {
  readonly addresses: readonly string[]
  readonly cut: Promise<number>
  readonly #server: Server

  static async listen(): Promise<Lifeline> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, resolve))
    return new Lifeline(server)
  }

  private constructor(server: Server) {
    this.#server = server
    this.addresses = Object.values(networkInterfaces())
      .flatMap((entries) => entries ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4')
      .map(({ address }) => address)
    this.cut = new Promise((resolve) => {
      server.on('connection', (socket) => {
        socket.on('close', () => resolve(performance.now()))
        socket.on('error', () => {})
        socket.resume()
      })
    })
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** Runs on the worker. */
async function holdOn(addresses: readonly string[], port: number): Promise<void> {
  const { connect } = process.getBuiltinModule('node:net')
  await Promise.any(
    addresses.map(async (host) => {
      const socket = connect(port, host)
      await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    }),
  )
}

/** Runs on the worker: outside of V8's heap, which has a limit of its own. */
function useTooMuch(): number {
  const held: Buffer[] = []
  for (;;) held.push(Buffer.alloc(8 * 2 ** 20, 1))
}
