/** Real WebSockets within this process. */

import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Transport } from '../src/transport.ts'
import { askForUpgrade, upgradeAnswer } from '../src/websocket/upgrade.ts'
import { WebSocketTransport } from '../src/websocket-transport.ts'

/** Both ends of a connection; `socket` is the client's. */
export interface Connected {
  readonly socket: Socket
  readonly client: Transport
  readonly server: Transport
}

export interface LoopbackServer extends AsyncDisposable {
  connect(): Promise<Connected>
}

/** Listens on a free port of the loopback interface. */
export async function startLoopback(): Promise<LoopbackServer> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // Listening on TCP, so that the address is no string.
  const { port } = server.address() as AddressInfo
  return {
    connect: async () => {
      const accepted = once(server, 'upgrade') as Promise<[IncomingMessage, Socket, Buffer]>
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      const asked = askForUpgrade(socket, 'localhost')
      const [request, peer, head] = await accepted
      peer.write(upgradeAnswer(request) ?? '')
      return {
        socket,
        client: new WebSocketTransport(socket, { isClient: true, head: await asked }),
        server: new WebSocketTransport(peer, { isClient: false, head }),
      }
    },
    [Symbol.asyncDispose]: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
