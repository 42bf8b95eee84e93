/** A cluster of this process, in a namespace of its own that goes with it. */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { Cluster, K8sClusterManager, type K8sOptions } from '@dialback/manager'
import { BenchKube } from '../pods/bench-kube.ts'

export interface BenchCluster extends AsyncDisposable {
  readonly kube: BenchKube
  readonly namespace: string
  readonly image: string
  readonly cluster: Cluster
  /** Asks for workers there. */
  readonly manager: (np: number, options?: K8sOptions) => K8sClusterManager
}

export async function openBenchCluster(connection: 'auto' | 'tunnel'): Promise<BenchCluster> {
  await using stack = new AsyncDisposableStack()
  const kube = stack.use(await BenchKube.open())
  const namespace = `dialback-bench-${connection}-${process.pid}`
  await kube.send('POST', '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace },
  })
  stack.defer(async () => void (await kube.send('DELETE', `/api/v1/namespaces/${namespace}`)))
  const silent = (): void => {}
  const tell = (line: string): void => void process.stderr.write(`${line}\n`)
  let address: string | undefined
  const info = (line: string): void => {
    address ??= /^Workers dial this manager at (.*):\d+: /.exec(line)?.[1]
  }
  const cluster = stack.use(new Cluster({ logger: { debug: silent, info, warn: silent, error: tell } }))
  const common: K8sOptions = { namespace, connection, pendingTimeout: 120 }
  const ids = await cluster.addProcs(new K8sClusterManager(1, { ...common, cpu: 0.1, memory: '200Mi' }))
  await cluster.rmProcs(ids)
  // A manager in the cluster knows its address; one outside has asked a relay for it now, and need not again.
  const advertise = address === undefined ? undefined : `${address}:${await freePort()}`
  const manager = (np: number, options: K8sOptions = {}): K8sClusterManager =>
    new K8sClusterManager(np, { ...common, ...(advertise !== undefined && { advertise }), ...options })
  const owned = stack.move()
  return {
    kube,
    namespace,
    image: workerImage(),
    cluster,
    manager,
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** What `npm run cluster:images` makes. */
function workerImage(): string {
  const path = new URL('../../packages/manager/package.json', import.meta.url)
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string }
  return `localhost/dialback-worker:${version}`
}
