/**
 * Answers that take as long as they take, many of them over one connection by HTTP/2: with a TLS connection of its own each
 * log that is followed would take 90 KB here, about as much in the API server, and both of them milliseconds to open.
 */

import { once } from 'node:events'
import { isIP } from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { answerTimeoutMs, type HttpAnswer, NoAnswerError } from './http-answer.ts'
import { StreamConnection, type StreamRequest } from './stream-connection.ts'

/** Without a sign of life now and then a dead connection that is silent would not be noticed. */
const aliveMs = 20_000

export class KubeStreams {
  readonly #origin: URL
  readonly #tls: ConnectionOptions
  readonly #connections = new Set<StreamConnection>()
  #connecting: Promise<StreamConnection | undefined> | undefined
  /** False once the server has chosen HTTP/1.1. */
  #isSpoken = true

  constructor(origin: URL, tls: ConnectionOptions) {
    this.#origin = origin
    this.#tls = tls
  }

  /**
   * Gives the answer, of whatever status, as soon as its head has come; undefined when the server does not speak HTTP/2.
   *
   * @throws what the network threw; `signal.reason` when it fired before the head came.
   */
  async open(request: StreamRequest): Promise<HttpAnswer | undefined> {
    while (this.#isSpoken) {
      const connection = [...this.#connections].find((one) => one.hasRoom) ?? (await this.#connectOnce())
      request.signal?.throwIfAborted()
      // Others who waited for it may have filled it.
      if (connection?.hasRoom) return await connection.request(request)
    }
    return undefined
  }

  async #connectOnce(): Promise<StreamConnection | undefined> {
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined
    })
    return await this.#connecting
  }

  async #connect(): Promise<StreamConnection | undefined> {
    const { hostname, port } = this.#origin
    // In a URL, an IPv6 address is in brackets.
    const host = hostname.replace(/^\[|\]$/g, '')
    const socket = connect({
      ...(isIP(host) === 0 && { servername: host }),
      ...this.#tls,
      host,
      port: Number(port === '' ? 443 : port),
      ALPNProtocols: ['h2', 'http/1.1'],
    })
    socket.setKeepAlive(true, aliveMs)
    const timer = setTimeout(() => socket.destroy(new NoAnswerError()), answerTimeoutMs)
    try {
      return await this.#speak(socket)
    } finally {
      clearTimeout(timer)
    }
  }

  async #speak(socket: TLSSocket): Promise<StreamConnection | undefined> {
    await once(socket, 'secureConnect')
    this.#isSpoken = socket.alpnProtocol === 'h2'
    if (!this.#isSpoken) {
      socket.destroy()
      return undefined
    }
    const connection = await StreamConnection.open(this.#origin, socket)
    connection.onClose(() => this.#connections.delete(connection))
    this.#connections.add(connection)
    return connection
  }
}
