/** Real WebSockets within this process. */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import type { Transport } from '../src/transport.ts'
import {
  WebSocketTransport,
  webSocketClientOptions,
  webSocketServerOptions,
} from '../src/websocket-transport.ts'

/** Both ends of a connection; `socket` is the client's. */
export interface Connected {
  readonly socket: WebSocket
  readonly client: Transport
  readonly server: Transport
}

export interface LoopbackServer extends AsyncDisposable {
  connect(): Promise<Connected>
}

/** Listens on a free port of the loopback interface. */
export async function startLoopback(): Promise<LoopbackServer> {
  const server = new WebSocketServer({ ...webSocketServerOptions, host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  // Listening on TCP, so that the address is no string.
  const { port } = server.address() as AddressInfo
  return {
    connect: async () => {
      const accepted = once(server, 'connection') as Promise<[WebSocket]>
      const socket = new WebSocket(`ws://127.0.0.1:${port}`, webSocketClientOptions)
      await once(socket, 'open')
      const [peer] = await accepted
      return { socket, client: new WebSocketTransport(socket), server: new WebSocketTransport(peer) }
    },
    [Symbol.asyncDispose]: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}
