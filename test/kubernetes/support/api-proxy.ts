/** A way to the API server that can be cut: a TCP proxy, and a kubeconfig that leads through it. */

import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, createServer, isIP, type Socket } from 'node:net'
import { join } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { withTempDir } from '../../support/temp-dir.ts'
import { listen } from './free-port.ts'

export interface ApiProxy extends AsyncDisposable {
  /** Breaks all connections; new ones can be made. */
  cut(): void
  /** Breaks all connections and refuses new ones until `restore`. */
  close(): void
  restore(): void
  /** From now on nothing arrives over the connections that there are, and nobody is told; new ones can be made. */
  swallow(): void
  /** Resolves once so many more bytes have passed, in both directions together. */
  passed(bytes: number): Promise<void>
}

/** While it stands, KUBECONFIG of this process names a kubeconfig that leads through it. */
export async function openApiProxy(): Promise<ApiProxy> {
  const config = new KubeConfig()
  config.loadFromDefault()
  const server = new URL(config.getCurrentCluster()?.server ?? '')
  const sockets = new Set<Socket>()
  let isClosed = false
  let moved = 0
  let hasMoved = Promise.withResolvers<void>()
  const proxy = createServer((client) => {
    if (isClosed) {
      client.resetAndDestroy()
      return
    }
    const upstream = connect(Number(server.port || 443), server.hostname)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.setNoDelay(true)
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      from.on('data', (bytes: Buffer) => {
        moved += bytes.byteLength
        hasMoved.resolve()
        hasMoved = Promise.withResolvers()
      })
      from.pipe(to)
    }
  })
  const port = await listen(proxy)
  const former = process.env['KUBECONFIG']
  const directory = await withTempDir()
  const path = join(directory.path, 'kubeconfig')
  const exported = JSON.parse(config.exportConfig()) as { clusters: { cluster: Record<string, unknown> }[] }
  for (const { cluster } of exported.clusters) {
    cluster['server'] = `https://127.0.0.1:${port}`
    if (isIP(server.hostname) === 0) cluster['tls-server-name'] = server.hostname
  }
  writeFileSync(path, JSON.stringify(exported), { mode: 0o600 })
  process.env['KUBECONFIG'] = path
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    cut,
    close: () => {
      isClosed = true
      cut()
    },
    restore: () => {
      isClosed = false
    },
    swallow: () => {
      for (const socket of sockets) socket.unpipe()
    },
    passed: async (bytes) => {
      const until = moved + bytes
      while (moved < until) await hasMoved.promise
    },
    [Symbol.asyncDispose]: async () => {
      process.env['KUBECONFIG'] = former
      cut()
      proxy.close()
      await once(proxy, 'close')
      await directory[Symbol.asyncDispose]()
    },
  }
}
