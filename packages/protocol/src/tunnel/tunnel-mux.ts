/**
 * Carries many connections over one stream of bytes, in turns and each with a window of its own. The relay opens
 * connections, the manager accepts them. When the stream breaks, all of them break.
 */

import type { Duplex } from 'node:stream'
import { ProtocolError } from '../errors.ts'
import { Heartbeat } from '../heartbeat.ts'
import { monotonicMs } from '../monotonic-ms.ts'
import { encodeFrame, type TunnelFrame, tunnelLimits } from './frame.ts'
import { FrameReader } from './frame-reader.ts'
import { TunnelConnection, type TunnelConnectionHost } from './tunnel-connection.ts'

export interface TunnelMuxOptions {
  /** Proven already: nothing is believed less than what comes from it. */
  readonly stream: Duplex
  /** Takes a connection that the other end opened. Without it, that one may open none. */
  readonly accept?: (connection: Duplex) => void
  /** Something for this end itself. */
  readonly message: (bytes: Uint8Array) => void
  /** The stream is gone, and all connections with it; comes once. `reason` is for people. */
  readonly closed: (reason: string) => void
  /** @default 3,000 */
  readonly pingIntervalMs?: number
  /** The other end is gone when nothing came for so long. @default 7,000 */
  readonly silenceLimitMs?: number
}

export class TunnelMux {
  readonly #options: TunnelMuxOptions
  readonly #connections = new Map<number, TunnelConnection>()
  /** Those with something to send and a window for it, in the order of their turns. */
  readonly #ready = new Set<TunnelConnection>()
  readonly #heartbeat: Heartbeat
  readonly #host: TunnelConnectionHost
  #lastConnection = 0
  #lastPing = 0
  #lastReceivedAt: number = monotonicMs()
  #isSending = false
  #isCorked = false
  #isClosed = false

  constructor(options: TunnelMuxOptions) {
    this.#options = options
    const { stream } = options
    this.#host = {
      send: (frame) => this.#send(frame),
      ready: (connection) => {
        this.#ready.add(connection)
        this.#sendInTurns()
      },
      windowBytes: () => windowBytes(this.#connections.size),
      over: (connection) => {
        this.#ready.delete(connection)
        this.#connections.delete(connection.id)
      },
    }
    const { pingIntervalMs = tunnelLimits.pingIntervalMs, silenceLimitMs = tunnelLimits.silenceLimitMs } =
      options
    this.#heartbeat = new Heartbeat({
      intervalMs: pingIntervalMs,
      silenceLimitMs,
      lastReceivedAt: () => this.#lastReceivedAt,
      now: monotonicMs,
      ping: () => this.#send({ type: 'ping', n: ++this.#lastPing }),
      silent: () => this.close(`nothing came for ${silenceLimitMs} ms`),
    })
    this.#read(stream)
    stream.on('drain', () => this.#sendInTurns())
    stream.on('error', (error) => this.close(error.message))
    stream.on('close', () => this.close('the stream closed'))
  }

  /** How many connections are open. */
  get size(): number {
    return this.#connections.size
  }

  /** Opens a connection; undefined when there are as many as there may be. `address`: where it comes from. */
  open(address: string): Duplex | undefined {
    if (this.#isClosed || this.size >= tunnelLimits.maxConnections) return undefined
    this.#lastConnection += 1
    this.#send({ type: 'open', connection: this.#lastConnection, address })
    return this.#add(this.#lastConnection, address)
  }

  /** Sends something to the other end itself; at most `maxMessageBytes`. */
  send(bytes: Uint8Array): void {
    if (bytes.byteLength > tunnelLimits.maxMessageBytes)
      throw new RangeError(`Cannot send a tunnel message of ${bytes.byteLength} bytes`)
    this.#send({ type: 'message', bytes })
  }

  /** Closes the stream and breaks all connections. */
  close(reason: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#heartbeat.stop()
    this.#options.stream.destroy()
    for (const connection of this.#connections.values()) connection.break(reason)
    this.#options.closed(reason)
  }

  #read(stream: Duplex): void {
    const reader = new FrameReader((frame) => {
      if (!this.#isClosed) this.#receive(frame)
    })
    stream.on('data', (chunk: Uint8Array) => {
      this.#lastReceivedAt = monotonicMs()
      try {
        reader.push(chunk)
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error
        this.close(error.message)
      }
    })
    stream.on('end', () => this.close('the other end closed it'))
    stream.resume()
  }

  #receive(frame: TunnelFrame): void {
    switch (frame.type) {
      case 'open':
        this.#accept(frame.connection, frame.address)
        return
      case 'data':
      case 'window':
      case 'end':
      case 'reset': {
        const connection = this.#connections.get(frame.connection)
        // What was under way when this end dropped a connection is for nobody.
        if (connection !== undefined) connection.receive(frame)
        else if (frame.connection > this.#lastConnection)
          throw new ProtocolError(
            `Received ${frame.type} of tunnel connection ${frame.connection} before its open`,
          )
        return
      }
      case 'message':
        this.#options.message(frame.bytes)
        return
      case 'ping':
        this.#send({ type: 'pong', n: frame.n })
        return
      // That something came is all that it says.
      case 'pong':
    }
  }

  #accept(id: number, address: string): void {
    const { accept } = this.#options
    if (accept === undefined || id !== this.#lastConnection + 1)
      throw new ProtocolError(`Received an open of tunnel connection ${id} after ${this.#lastConnection}`)
    this.#lastConnection = id
    if (this.size >= tunnelLimits.maxConnections) this.#send({ type: 'reset', connection: id })
    else accept(this.#add(id, address))
  }

  #add(id: number, address: string): Duplex {
    const connection = new TunnelConnection(id, address, this.#host)
    this.#connections.set(id, connection)
    return connection.stream
  }

  #sendInTurns(): void {
    // What a turn finishes may make the next write, which comes here again.
    if (this.#isSending) return
    this.#isSending = true
    // Those that are added while this runs are visited too, behind the others.
    for (const connection of this.#ready) {
      if (this.#options.stream.writableNeedDrain) break
      this.#ready.delete(connection)
      if (connection.takeTurn()) this.#ready.add(connection)
    }
    this.#isSending = false
  }

  #send(frame: TunnelFrame): void {
    if (this.#isClosed) return
    const { stream } = this.#options
    if (!this.#isCorked) {
      // Frames of one turn leave together.
      this.#isCorked = true
      stream.cork()
      process.nextTick(() => {
        this.#isCorked = false
        stream.uncork()
      })
    }
    for (const part of encodeFrame(frame)) stream.write(part)
    if (stream.writableLength > tunnelLimits.maxUnsentBytes) this.close('the other end does not read')
  }
}

/** How large each of `connections` windows may be, so that together they stay within what one end may have to keep. */
export function windowBytes(connections: number): number {
  const share = Math.floor(tunnelLimits.windowBudgetBytes / Math.max(1, connections))
  return Math.min(tunnelLimits.maxWindowBytes, Math.max(tunnelLimits.initialWindowBytes, share))
}
