/**
 * The request of a WebSocket's opening handshake (RFC 6455 §4.1), for `ws` to use in place of Node's HTTP client: that one is
 * loaded, and compiled function by function, for a single request in each process and thread.
 */

import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'

/** What `ws` gives for `http.request` and `https.request`, as far as it is used here. */
export interface UpgradeOptions {
  readonly createConnection: (options: UpgradeOptions) => Socket
  readonly host: string
  readonly port: number | string
  readonly defaultPort: number
  readonly path: string
  readonly headers: Readonly<Record<string, string | number>>
  /** In ms, for all of the handshake; none when it is 0 or missing. */
  readonly timeout?: number
}

/** Names in lower case; what comes more than once is joined by commas. */
export interface UpgradeResponse {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
}

interface UpgradeEvents {
  upgrade: [response: UpgradeResponse, socket: Socket, head: Buffer]
  response: [response: UpgradeResponse]
  timeout: []
  error: [error: Error]
}

/** As much as Node's own client takes. */
const maxHeadBytes = 16 * 1024
const endOfHead = '\r\n\r\n'

export class UpgradeRequest extends EventEmitter<UpgradeEvents> {
  readonly socket: Socket
  readonly #options: UpgradeOptions
  readonly #deadline: NodeJS.Timeout | undefined
  #received: Buffer = Buffer.alloc(0)

  constructor(options: UpgradeOptions) {
    super()
    this.#options = options
    // `ws` overwrites the path: of a socket it is another.
    this.socket = options.createConnection({ ...options })
    this.socket.on('data', this.#read).on('error', this.#fail).on('close', this.#hangUp)
    if (options.timeout) this.#deadline = setTimeout(() => this.emit('timeout'), options.timeout)
  }

  /** Sends it, as soon as the connection stands. */
  end(): void {
    const { host, port, defaultPort, path, headers } = this.#options
    const name = host.includes(':') ? `[${host}]` : host
    const lines = [`GET ${path} HTTP/1.1`, `Host: ${name}${Number(port) === defaultPort ? '' : `:${port}`}`]
    for (const [key, value] of Object.entries(headers)) lines.push(`${key}: ${value}`)
    this.socket.write(lines.join('\r\n') + endOfHead)
  }

  /** By this method `ws` tells a request from a socket. */
  setHeader(): never {
    throw new Error('The headers of an upgrade are given to the request')
  }

  abort(): void {
    this.#letGo()
    // What still comes of the connection is nobody's.
    this.socket.on('error', () => {})
    this.socket.destroy()
  }

  readonly #read = (chunk: Buffer): void => {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const end = this.#received.indexOf(endOfHead)
    const length = end === -1 ? this.#received.length : end
    if (length > maxHeadBytes) return this.#fail(new Error(`The answer's head exceeds ${maxHeadBytes} bytes`))
    if (end === -1) return
    const response = parseHead(this.#received.toString('latin1', 0, end))
    if (response === undefined) return this.#fail(new Error('The answer is not of HTTP'))
    this.#answer(response, this.#received.subarray(end + endOfHead.length))
  }

  #answer(response: UpgradeResponse, head: Buffer): void {
    if (response.statusCode !== 101) {
      this.emit('response', response)
      return
    }
    this.#letGo()
    // Until the socket has its new reader.
    this.socket.pause()
    this.emit('upgrade', response, this.socket, head)
    this.socket.resume()
  }

  readonly #fail = (error: Error): void => {
    this.abort()
    this.emit('error', error)
  }

  readonly #hangUp = (): void => this.#fail(new Error('The connection ended before an answer'))

  #letGo(): void {
    clearTimeout(this.#deadline)
    this.socket.off('data', this.#read).off('error', this.#fail).off('close', this.#hangUp)
  }
}

/** Takes the place of both modules' function: what makes the connection, with TLS or without, is among the options. */
export function request(options: UpgradeOptions): UpgradeRequest {
  return new UpgradeRequest(options)
}

function parseHead(text: string): UpgradeResponse | undefined {
  const [statusLine = '', ...lines] = text.split('\r\n')
  const statusCode = Number(/^HTTP\/1\.1 (\d{3})(?: |$)/.exec(statusLine)?.[1])
  if (Number.isNaN(statusCode)) return undefined
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon < 1) return undefined
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    const earlier = headers.get(name)
    headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`)
  }
  return { statusCode, headers: Object.fromEntries(headers) }
}
