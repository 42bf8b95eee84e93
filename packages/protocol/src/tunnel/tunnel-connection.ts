/**
 * One connection through the tunnel, as a stream. Each direction has a window: what may be under way, or arrived and
 * not taken yet, so that a connection that nobody reads holds up no other.
 */

import { Duplex } from 'node:stream'
import { ProtocolError } from '../errors.ts'
import { type TunnelFrame, tunnelLimits } from './frame.ts'

/** What a connection asks of the tunnel that it goes through. */
export interface TunnelConnectionHost {
  send(frame: TunnelFrame): void
  /** There is something to send: call `takeTurn` when it is this connection's turn. */
  ready(connection: TunnelConnection): void
  /** How large the window should be by now. */
  windowBytes(): number
  /** It is over in both directions. */
  over(connection: TunnelConnection): void
}

export class TunnelConnection {
  readonly id: number
  /** The user's end; may be half closed, and destroyed, at any time. */
  readonly stream: Duplex
  readonly #host: TunnelConnectionHost
  #sendWindow: number = tunnelLimits.initialWindowBytes
  #unsent: { bytes: Uint8Array; readonly written: () => void } | undefined
  #hasEnded = false
  #receiveWindow: number = tunnelLimits.initialWindowBytes
  #arrived: Uint8Array[] = []
  #arrivedBytes = 0
  #isWanted = false
  #hasPeerEnded = false
  #isOver = false

  constructor(id: number, address: string, host: TunnelConnectionHost) {
    this.id = id
    this.#host = host
    this.stream = new Duplex({
      highWaterMark: tunnelLimits.maxDataBytes,
      read: () => {
        this.#isWanted = true
        this.#deliver()
      },
      write: (chunk: Uint8Array, _, written) => {
        this.#unsent = { bytes: chunk, written }
        if (this.#sendWindow > 0) host.ready(this)
      },
      final: (done) => {
        this.#hasEnded = true
        if (!this.#isOver) host.send({ type: 'end', connection: id })
        done()
      },
      destroy: (error, done) => {
        this.#leave()
        done(error)
      },
    })
    // As a socket has it, for those who log where a connection came from.
    Object.defineProperty(this.stream, 'remoteAddress', { value: address })
  }

  /** Sends one frame; true when there is more that could be sent at once. */
  takeTurn(): boolean {
    const unsent = this.#unsent
    if (unsent === undefined || this.#isOver) return false
    const bytes = unsent.bytes.subarray(0, Math.min(this.#sendWindow, tunnelLimits.maxDataBytes))
    this.#sendWindow -= bytes.byteLength
    this.#host.send({ type: 'data', connection: this.id, bytes })
    unsent.bytes = unsent.bytes.subarray(bytes.byteLength)
    if (unsent.bytes.byteLength > 0) return this.#sendWindow > 0
    this.#unsent = undefined
    // The next write, if it waits, is made in this call, and says itself that there is more.
    unsent.written()
    return false
  }

  /** @throws {ProtocolError} when the frame is not one that the other end may send now. */
  receive(frame: Extract<TunnelFrame, { readonly type: 'data' | 'window' | 'end' | 'reset' }>): void {
    switch (frame.type) {
      case 'data':
        this.#receiveData(frame.bytes)
        return
      case 'window':
        this.#sendWindow += frame.bytes
        if (this.#sendWindow > tunnelLimits.maxWindowBytes)
          throw new ProtocolError(`Received a window of ${this.#sendWindow} bytes for connection ${this.id}`)
        if (this.#unsent !== undefined) this.#host.ready(this)
        return
      case 'end':
        if (this.#hasPeerEnded)
          throw new ProtocolError(`Received a second end of tunnel connection ${this.id}`)
        this.#hasPeerEnded = true
        this.#deliver()
        return
      case 'reset':
        this.break('the other end reset it')
    }
  }

  /** Ends it without a word to the other end. */
  break(reason: string): void {
    this.#isOver = true
    const error = Object.assign(new Error(`Tunnel connection ${this.id} broke: ${reason}`), {
      code: 'ECONNRESET',
    })
    // Nobody has to listen: that it is over is told by `close` as well.
    this.stream.on('error', () => {})
    this.stream.destroy(error)
  }

  #receiveData(bytes: Uint8Array): void {
    if (this.#hasPeerEnded)
      throw new ProtocolError(`Received bytes behind the end of tunnel connection ${this.id}`)
    this.#receiveWindow -= bytes.byteLength
    if (this.#receiveWindow < 0)
      throw new ProtocolError(
        `Received ${-this.#receiveWindow} bytes beyond the window of connection ${this.id}`,
      )
    // A slice keeps all of its buffer alive, which may hold much that others have taken already.
    this.#arrived.push(2 * bytes.byteLength < bytes.buffer.byteLength ? Buffer.from(bytes) : bytes)
    this.#arrivedBytes += bytes.byteLength
    this.#deliver()
  }

  #deliver(): void {
    while (this.#isWanted) {
      const bytes = this.#arrived.shift()
      if (bytes === undefined) break
      this.#arrivedBytes -= bytes.byteLength
      this.#isWanted = this.stream.push(bytes)
    }
    if (this.#hasPeerEnded) {
      if (this.#arrived.length === 0 && !this.#isOver) this.stream.push(null)
    } else this.#grant()
  }

  #grant(): void {
    const target = this.#host.windowBytes()
    const missing = target - this.#receiveWindow - this.#arrivedBytes
    // In halves: a window frame for each piece taken would be as many frames as come.
    if (this.#isOver || missing < target / 2) return
    this.#receiveWindow += missing
    this.#host.send({ type: 'window', connection: this.id, bytes: missing })
  }

  #leave(): void {
    const isComplete = this.#hasEnded && this.#hasPeerEnded
    if (!this.#isOver && !isComplete) this.#host.send({ type: 'reset', connection: this.id })
    this.#isOver = true
    this.#unsent = undefined
    this.#arrived = []
    this.#host.over(this)
  }
}
