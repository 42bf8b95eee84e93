/** Puts a TCP proxy between a cluster and its workers: its connections can be broken, held up, or closed for good. */

import { EventEmitter, once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { ClusterManager, LaunchContext } from '@dialback/manager'

export type Credentials = ReturnType<LaunchContext['admit']>

export interface Proxy extends AsyncDisposable {
  /** The same manager, whose workers dial the proxy. */
  through(manager: ClusterManager): ClusterManager
  /** What the workers were given to be let in, with the URL of the cluster itself. */
  readonly admitted: readonly Credentials[]
  /** How many bytes went to the workers so far. */
  readonly sent: number
  /** Waits until each worker, of one thread, has been welcomed on both of its connections. */
  connected(): Promise<void>
  /** Breaks all connections; new ones can be made. */
  break(): number
  /** From now on nothing passes, though the connections stay; with a name, over those of today that said hello by it. */
  holdUp(name?: string): void
  /** Refuses new connections. */
  close(): void
}

export async function openProxy(): Promise<Proxy> {
  const sockets = new Set<Socket>()
  /** By upstream socket: how often it brought something; first comes the upgrade, then the welcome. */
  const arrivals = new Map<Socket, number>()
  const arrived = new EventEmitter()
  const admitted: Credentials[] = []
  let targetPort = 0
  let isHeld = false
  const held = new Set<Socket>()
  /** By client: the beginning of what it said, with its hello. */
  const hellos = new Map<Socket, string>()
  let sent = 0
  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1')
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        hellos.delete(from)
        held.delete(from)
        arrivals.delete(from)
        to.destroy()
      })
      from.on('data', (bytes) => {
        if (isHeld || held.has(client)) return
        const hello = hellos.get(client) ?? ''
        if (from === client && hello.length < 4_096) hellos.set(client, hello + bytes.toString('latin1'))
        if (from === upstream) {
          sent += bytes.byteLength
          arrivals.set(from, (arrivals.get(from) ?? 0) + 1)
          arrived.emit('data')
        }
        if (!to.write(bytes)) {
          from.pause()
          to.once('drain', () => from.resume())
        }
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // Listening on TCP, so that the address is no string.
  const { port } = server.address() as AddressInfo
  const breakAll = (): number => {
    const count = sockets.size
    arrivals.clear()
    for (const socket of sockets) socket.resetAndDestroy()
    return count
  }
  return {
    admitted,
    get sent() {
      return sent
    },
    through: (manager) =>
      withAdmission(manager, (credentials) => {
        admitted.push(credentials)
        targetPort = Number(new URL(credentials.url).port)
        return { ...credentials, url: `ws://127.0.0.1:${port}` }
      }),
    connected: async () => {
      const welcomed = (): number => [...arrivals.values()].filter((count) => count >= 2).length
      while (welcomed() < 2 * admitted.length) await once(arrived, 'data')
    },
    break: breakAll,
    holdUp: (name) => {
      if (name === undefined) isHeld = true
      else for (const [client, hello] of hellos) if (hello.includes(name)) held.add(client)
    },
    close: () => void server.close(),
    [Symbol.asyncDispose]: async () => {
      breakAll()
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
}

/** The same manager, whose workers are given what `change` makes of their credentials. */
export function withAdmission(
  manager: ClusterManager,
  change: (credentials: Credentials) => Credentials,
): ClusterManager {
  const { name, pendingTimeoutMs, minWorkers } = manager
  return {
    name,
    pendingTimeoutMs,
    minWorkers,
    launch: async (context) =>
      await manager.launch({
        get nextWorkerId() {
          return context.nextWorkerId
        },
        openLoopback: () => context.openLoopback(),
        openDoor: () => context.openDoor(),
        admit: (workerName, url) => change(context.admit(workerName, url)),
        logger: context.logger,
        signal: context.signal,
      }),
  }
}
