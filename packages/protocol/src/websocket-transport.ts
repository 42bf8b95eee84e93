/**
 * Packets over a WebSocket, one binary message each. Written for this use, because a general implementation takes several
 * times as long for a small message and longer to load than all else that a worker needs.
 */

import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { limits } from './limits.ts'
import type { Transport, TransportEvents } from './transport.ts'
import { closeCode, FrameError, FrameReader, opcode } from './websocket/frame-reader.ts'
import { writeFrame } from './websocket/frame-writer.ts'

export interface WebSocketOptions {
  /** Whether this end asked for the WebSocket. */
  readonly isClient: boolean
  /** What came behind the request or the answer. */
  readonly head: Buffer
}

/** A socket, or what a tunnel brings, which has nothing that could be set. */
type Stream = Duplex & Partial<Pick<Socket, 'setNoDelay' | 'setTimeout' | 'ref' | 'unref'>>

/** How long a peer that was told to go may take to say that it has heard. */
const closeTimeoutMs = 2_000

export class WebSocketTransport implements Transport {
  readonly #stream: Stream
  readonly #isClient: boolean
  readonly #reader: FrameReader
  #events: TransportEvents | undefined
  /** What came while nobody was told. */
  #early: ((events: TransportEvents) => void)[] = []
  #isFull = false
  /** A close frame was sent: nothing follows it. */
  #isClosing = false
  #reason: string | undefined

  /** `stream` has been upgraded. */
  constructor(stream: Stream, { isClient, head }: WebSocketOptions) {
    this.#stream = stream
    this.#isClient = isClient
    this.#reader = new FrameReader({
      isPeerClient: !isClient,
      maxPayloadBytes: limits.maxPacketBytes,
      frame: (kind, payload) => this.#receive(kind, payload),
    })
    stream.setNoDelay?.()
    stream.setTimeout?.(0)
    if (head.byteLength > 0) stream.unshift(head)
    stream.on('error', (error) => {
      this.#reason ??= error.message
    })
    stream.on('data', (chunk: Buffer) => this.#read(chunk))
    stream.on('end', () => stream.end())
    stream.on('close', () => this.#tellClosed())
    stream.resume()
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
    if (this.#isClosing || !this.#stream.writable) return
    const frame = { kind: opcode.binary, payload: packet, isClient: this.#isClient }
    const waiting = this.#stream.writableLength + packet.byteLength
    if (this.#isFull || waiting < limits.socketHighWaterBytes) {
      writeFrame(this.#stream, frame)
      return
    }
    this.#isFull = true
    writeFrame(this.#stream, frame, () => {
      this.#isFull = false
      this.#events?.drained()
    })
  }

  close(reason: string): void {
    if (!this.#isClosing && reason !== '') this.#reason ??= reason
    this.#sendClose(closeCode.normal, reason)
  }

  terminate(): void {
    this.#stream.destroy()
  }

  hold(isHeld: boolean): void {
    if (isHeld) this.#stream.ref?.()
    else this.#stream.unref?.()
  }

  #read(chunk: Buffer): void {
    try {
      this.#reader.add(chunk)
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      this.#reason ??= error.message
      this.#stream.removeAllListeners('data').resume()
      this.#sendClose(error.code, '')
      this.#stream.end()
    }
  }

  #receive(kind: number, payload: Buffer): void {
    // What came in one piece with what made this end terminate.
    if (this.#stream.destroyed) return
    if (kind === opcode.binary) {
      if (this.#events !== undefined) this.#events.message(payload)
      else this.#early.push((events) => events.message(payload))
    } else if (kind === opcode.ping) {
      if (!this.#isClosing && this.#stream.writable)
        writeFrame(this.#stream, { kind: opcode.pong, payload, isClient: this.#isClient })
    } else if (kind === opcode.close) this.#receiveClose(payload)
  }

  #receiveClose(payload: Buffer): void {
    const code = payload.byteLength < 2 ? 1005 : payload.readUInt16BE(0)
    this.#reason ??= payload.byteLength > 2 ? payload.toString('utf8', 2) : `connection closed (${code})`
    this.#sendClose(closeCode.normal, '')
    this.#stream.end()
  }

  #sendClose(code: number, reason: string): void {
    if (this.#isClosing) return
    if (this.#stream.writable) {
      // At most 125 bytes go into a close frame (RFC 6455 §5.5), and a character that is cut grows to three.
      const text = Buffer.from(Buffer.from(reason).subarray(0, 120).toString())
      const payload = Buffer.concat([Buffer.from([code >> 8, code & 0xff]), text])
      writeFrame(this.#stream, { kind: opcode.close, payload, isClient: this.#isClient })
    }
    this.#isClosing = true
    const timer = setTimeout(() => this.#stream.destroy(), closeTimeoutMs)
    timer.unref()
    this.#stream.once('close', () => clearTimeout(timer))
  }

  #tellClosed(): void {
    const why = this.#reason ?? 'connection closed (1006)'
    if (this.#events !== undefined) this.#events.closed(why)
    else this.#early.push((events) => events.closed(why))
  }
}
