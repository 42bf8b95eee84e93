/** Packets over a WebSocket, one binary message each. */

import type { Socket } from 'node:net'
import type { ClientOptions, ServerOptions, WebSocket } from 'ws'
import { limits } from './limits.ts'
import type { Transport, TransportEvents } from './transport.ts'
import { binaryFrame, largestFrame } from './websocket-frame.ts'

/**
 * Options for `new WebSocket(url, options)`. An all-zero mask is skipped by `ws` at both ends; masks guard browsers'
 * proxies (RFC 6455 §10.3), and neither end is a browser.
 */
export const webSocketClientOptions: ClientOptions = {
  perMessageDeflate: false,
  skipUTF8Validation: true,
  maxPayload: limits.maxPacketBytes,
  generateMask: (mask) => mask.fill(0),
}

/** Options for `new WebSocketServer(options)`. */
export const webSocketServerOptions: ServerOptions = {
  perMessageDeflate: false,
  skipUTF8Validation: true,
  maxPayload: limits.maxPacketBytes,
  clientTracking: false,
}

export class WebSocketTransport implements Transport {
  readonly #socket: WebSocket
  readonly #isClient: boolean
  #events: TransportEvents | undefined
  /** What came while nobody was told. */
  #early: ((events: TransportEvents) => void)[] = []
  #isFull = false

  /** `socket` is open. */
  constructor(socket: WebSocket) {
    this.#socket = socket
    // A server's has none.
    this.#isClient = Boolean(socket.url)
    let failure: string | undefined
    socket.on('error', (error) => {
      failure = error.message
    })
    socket.on('message', (data) => {
      // `nodebuffer` is the binary type of these sockets, so that data is one Buffer.
      const packet = data as Buffer
      if (this.#events !== undefined) this.#events.message(packet)
      else this.#early.push((events) => events.message(packet))
    })
    socket.on('close', (code, reason) => {
      const why = failure ?? (reason.length > 0 ? reason.toString() : `connection closed (${code})`)
      if (this.#events !== undefined) this.#events.closed(why)
      else this.#early.push((events) => events.closed(why))
    })
  }

  get isFull(): boolean {
    return this.#isFull
  }

  bind(events: TransportEvents): void {
    this.#events = events
    // One of them may unbind: the rest is for the next.
    while (this.#events === events && this.#early.length > 0) this.#early.shift()?.(events)
  }

  unbind(): void {
    this.#events = undefined
  }

  send(packet: Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    if (this.#isFull || this.#socket.bufferedAmount + packet.byteLength < limits.socketHighWaterBytes) {
      if (packet.byteLength > largestFrame) this.#socket.send(packet, ignoreFailure)
      else underlying(this.#socket)?.write(binaryFrame(packet, this.#isClient))
      return
    }
    this.#isFull = true
    this.#socket.send(packet, () => {
      this.#isFull = false
      this.#events?.drained()
    })
  }

  close(reason: string): void {
    // At most 123 bytes go into a close frame (RFC 6455 §5.5), and a character that is cut grows to three.
    this.#socket.close(1000, Buffer.from(reason).subarray(0, 120).toString())
  }

  terminate(): void {
    this.#socket.terminate()
  }

  hold(isHeld: boolean): void {
    // No script could end while a worker idles.
    const socket = underlying(this.#socket)
    if (isHeld) socket?.ref()
    else socket?.unref()
  }
}

/** `ws` gives no other access to it. */
function underlying(webSocket: WebSocket): Socket | undefined {
  return (webSocket as { _socket?: Socket })._socket
}

/** A failed send also closes the socket, and that is what is acted upon. */
function ignoreFailure(): void {}
