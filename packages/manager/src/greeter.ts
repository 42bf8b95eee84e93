/** Greets who dials in: a WebSocket, and on it a hello with the right token before anything is believed. */

import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
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

/** What the entrances ask of the cluster about somebody who said hello. */
export interface Doorkeeper {
  /** Gives the answer, and for a welcome what takes the transport over once it is sent. `isLate`: it had the right, once. */
  admit(
    hello: Hello,
  ):
    | { readonly answer: Abort; readonly isLate?: boolean }
    | { readonly answer: Welcome; readonly attach: (transport: Transport) => void }
}

/** The answer to a worker that counts as gone. */
export const lateAbort: Abort = {
  type: 'abort',
  code: 'AUTHENTICATION',
  message: 'this worker is not expected any more',
}

/** The answer to anybody else. */
export const strangerAbort: Abort = {
  type: 'abort',
  code: 'AUTHENTICATION',
  message: 'no worker of this name is expected',
}

/** Options of the server of an entrance: what never finishes its upgrade is dropped. */
export const entranceOptions: Readonly<
  Record<'headersTimeout' | 'requestTimeout' | 'connectionsCheckingInterval', number>
> = {
  headersTimeout: limits.helloTimeoutMs,
  requestTimeout: limits.helloTimeoutMs,
  connectionsCheckingInterval: 1_000,
}

/**
 * In a process of `node:cluster` a server would listen through the primary process, which gives each connection to any of them: also
 * one of a worker that another one waits for. And such a process is not disconnected as long as that server listens.
 */
export const exclusive = true

export class Greeter {
  readonly #logger: () => Logger
  readonly #doorkeeper: Doorkeeper
  /** Connections that have not said a valid hello yet. */
  readonly #unproven = new Set<WebSocket>()
  readonly #webSockets: WebSocketServer

  constructor(doorkeeper: Doorkeeper, logger: () => Logger) {
    this.#doorkeeper = doorkeeper
    this.#logger = logger
    // `closeTimeout` is missing from the declared options of `ws`.
    const options = { ...webSocketServerOptions, noServer: true, closeTimeout: closeTimeoutMs }
    this.#webSockets = new WebSocketServer(options)
    this.#webSockets.on('wsClientError', (error, socket) => this.drop(socket, error.message))
  }

  /** Greets who connects to a server, which idle connections do not keep alive. */
  serve(server: HttpServer): void {
    server.on('request', (request, response) => {
      this.#dropped(request.socket.remoteAddress, 'it asked for something else than to join')
      response.writeHead(426, { connection: 'close' }).end()
    })
    server.on('connection', (socket: Duplex | Socket) => {
      // What a tunnel brings is no socket.
      if ('unref' in socket) socket.unref()
    })
    // It may have been refused by the system, for want of file descriptors or memory: the next one may not be.
    server.on('error', (error) => {
      if (server.listening) this.#logger().warn(`Cannot take a connection: ${error.message}`)
    })
    server.on('clientError', (error, socket) => this.drop(socket, error.message))
    server.on('upgrade', (request: IncomingMessage, socket, head) => {
      if (this.#unproven.size >= limits.maxUnprovenConnections) {
        this.drop(request.socket, 'too many others have not said hello either')
        return
      }
      this.#webSockets.handleUpgrade(request, socket, head, (webSocket) =>
        this.#greet(webSocket, request.socket),
      )
    })
  }

  /** Ends a connection that is not from a worker. */
  drop(socket: Duplex, why: string): void {
    this.#dropped(addressOf(socket), why)
    socket.destroy()
  }

  /** Ends the connections of all that have not said hello. */
  close(): void {
    for (const webSocket of this.#unproven) webSocket.terminate()
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
        if (isOver) return
        // Said nothing and left: a worker that was ended while it dialled again, for example.
        if (receivedBytes === 0) finish()
        else refuse(reason)
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

/** What a tunnel brings has none, nor has a connection that is closed. */
function addressOf(stream: Duplex): string | undefined {
  const address: unknown = Reflect.get(stream, 'remoteAddress')
  return typeof address === 'string' ? address : undefined
}
