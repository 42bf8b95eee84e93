/** Where workers dial in: a WebSocket server that believes nobody before a hello with the right token. */

import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import {
  type Abort,
  decodeHello,
  encodeHandshake,
  type Hello,
  limits,
  ProtocolError,
  type Transport,
  WebSocketTransport,
  type Welcome,
  webSocketServerOptions,
} from '@dialback/protocol'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Logger } from './logger.ts'

/** What the listener asks of the cluster about somebody who said hello. */
export interface Doorkeeper {
  /** Gives the answer, and for a welcome what takes the transport over once it is sent. `isLate`: it had the right, once. */
  admit(
    hello: Hello,
  ):
    | { readonly answer: Abort; readonly isLate?: boolean }
    | { readonly answer: Welcome; readonly attach: (transport: Transport) => void }
}

// Not imported: for the namespace of this module Node would read all that it exports, and so load `undici` (50 ms).
const { createServer } = process.getBuiltinModule('node:http')

export class Listener {
  readonly #server: Server
  readonly #logger: () => Logger
  readonly #doorkeeper: Doorkeeper
  /** Connections that have not said a valid hello yet. */
  readonly #unproven = new Set<WebSocket>()

  /** Listens on a free port of the loopback interface. */
  static async open(doorkeeper: Doorkeeper, logger: () => Logger): Promise<Listener> {
    const listener = new Listener(doorkeeper, logger)
    listener.#server.listen(0, '127.0.0.1')
    await once(listener.#server, 'listening')
    listener.#server.unref()
    return listener
  }

  private constructor(doorkeeper: Doorkeeper, logger: () => Logger) {
    this.#doorkeeper = doorkeeper
    this.#logger = logger
    const options = {
      // What never finishes its upgrade is dropped.
      headersTimeout: limits.helloTimeoutMs,
      requestTimeout: limits.helloTimeoutMs,
      connectionsCheckingInterval: 1_000,
    }
    this.#server = createServer(options, (request, response) => {
      this.#dropped(request.socket.remoteAddress, 'it asked for something else than to join')
      response.writeHead(426, { connection: 'close' }).end()
    })
    this.#server.on('connection', (socket) => socket.unref())
    this.#server.on('clientError', (error, socket: Duplex & Partial<Socket>) => {
      this.#dropped(socket.remoteAddress, error.message)
      socket.destroy()
    })
    // `closeTimeout` is missing from the declared options of `ws`.
    const webSocketOptions = { ...webSocketServerOptions, noServer: true, closeTimeout: closeTimeoutMs }
    const webSockets = new WebSocketServer(webSocketOptions)
    webSockets.on('wsClientError', (error, socket: Duplex & Partial<Socket>) => {
      this.#dropped(socket.remoteAddress, error.message)
      socket.destroy()
    })
    this.#server.on('upgrade', (request, socket, head) => {
      if (this.#unproven.size >= limits.maxUnprovenConnections) {
        this.#dropped(request.socket.remoteAddress, 'too many others have not said hello either')
        socket.destroy()
        return
      }
      webSockets.handleUpgrade(request, socket, head, (webSocket) => this.#greet(webSocket, request.socket))
    })
  }

  get url(): string {
    // Listening on TCP, so that the address is no string.
    const { port } = this.#server.address() as AddressInfo
    return `ws://127.0.0.1:${port}`
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    for (const webSocket of this.#unproven) webSocket.terminate()
    await closed
  }

  #greet(webSocket: WebSocket, socket: Socket): void {
    const transport = new WebSocketTransport(webSocket)
    const address = socket.remoteAddress
    let isOver = false
    let receivedBytes = 0
    const count = (bytes: Buffer): void => {
      receivedBytes += bytes.byteLength
      if (isOver || receivedBytes <= limits.maxHelloBytes) return
      refuse(`it said hello in more than ${limits.maxHelloBytes} bytes`)
    }
    const finish = (): void => {
      isOver = true
      clearTimeout(timer)
      this.#unproven.delete(webSocket)
      socket.off('data', count)
    }
    const refuse = (why: string): void => {
      finish()
      transport.terminate()
      this.#dropped(address, why)
    }
    this.#unproven.add(webSocket)
    // A frame may say that it is as large as a packet: do not wait for all of it.
    socket.on('data', count)
    const timer = setTimeout(() => refuse('it did not say hello in time'), limits.helloTimeoutMs)
    timer.unref()
    transport.bind({
      message: (bytes) => {
        if (isOver) return
        try {
          const admission = this.#doorkeeper.admit(decodeHello(bytes))
          transport.send(encodeHandshake(admission.answer))
          if (!('attach' in admission)) {
            finish()
            transport.close(admission.answer.code)
            if (admission.isLate !== true) this.#dropped(address, admission.answer.message)
            return
          }
          finish()
          admission.attach(transport)
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error
          refuse(error.message)
        }
      },
      closed: (reason) => {
        if (!isOver) refuse(reason)
      },
      drained() {},
    })
  }
  #dropped(address: string | undefined, why: string): void {
    this.#logger().warn(`Dropped a connection from ${address ?? 'nowhere'}: ${why}`)
  }
}

/** How long a peer that was told to go may take to say that it has heard. */
const closeTimeoutMs = 2_000
