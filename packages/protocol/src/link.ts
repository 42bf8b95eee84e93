/**
 * A reliable, ordered stream of frames over transports that may break: frames of one turn are joined into packets,
 * packets are numbered, kept until acknowledged, and sent again over the next transport.
 */

import { ProtocolError } from './errors.ts'
import { limits } from './limits.ts'
import type { Header } from './message.ts'
import { monotonicMs } from './monotonic-ms.ts'
import { decodePacket, encodePacket, type Frame } from './packet.ts'
import { discardChunk, holdsOneChunk, reusePacket } from './packet-memory.ts'
import { SendQueue } from './send-queue.ts'
import type { Transport, TransportEvents } from './transport.ts'

export interface LinkEvents {
  frame(header: Header, bytes: Uint8Array | null): void
  /** All frames of one packet were given to `frame`. */
  packetEnd(): void
  /** The peer has all that was sent. */
  acknowledged?(): void
  /** The transport is gone. The link lives on: `attach` another one, or `close` it. */
  detached(reason: string): void
  /** The peer broke the protocol; its transport was closed. */
  violated(error: ProtocolError): void
}

const endOfTurn = Promise.resolve()

/** Pieces in shared memory, each of which takes about 1 ms to read, that one turn takes: they may all be there already. */
const slotsPerTurn = 16

export class Link {
  readonly #events: LinkEvents
  #transport: Transport | undefined
  #bound: TransportEvents | undefined
  /** Pieces in shared memory that came since other work of this process had its turn. */
  #slots = 0
  readonly #queue = new SendQueue()
  #isFlushScheduled = false
  #isClosed = false
  #sent = 0
  #received = 0
  #acknowledgedToPeer = 0
  #bytesSinceAck = 0
  #ackTimer: NodeJS.Timeout | undefined
  /** Packets that the peer has not acknowledged; the first has sequence `#firstKept`. */
  #kept: Uint8Array[] = []
  #firstKept = 1
  #lastReceivedAt = monotonicMs()

  readonly #flushNow = (): void => this.flush()

  constructor(events: LinkEvents) {
    this.#events = events
  }

  /** The sequence of the last packet received: what the other side need not send again. */
  get received(): number {
    return this.#received
  }

  get isAttached(): boolean {
    return this.#transport !== undefined
  }

  /** When something last arrived, in ms of `monotonicMs()`. */
  get lastReceivedAt(): number {
    return this.#lastReceivedAt
  }

  /** Whether the peer has all that was sent. */
  get isIdle(): boolean {
    return this.#queue.isEmpty && this.#kept.length === 0
  }

  /** Goes on over `transport`; `peerReceived` is the peer's `received`. @throws {ProtocolError} when that was never sent. */
  attach(transport: Transport, peerReceived: number): void {
    this.#forget(peerReceived)
    const former = this.#transport
    this.#transport = transport
    this.#lastReceivedAt = monotonicMs()
    former?.terminate()
    // First what was sent before: what arrives already may make something new be sent.
    for (const packet of this.#kept) transport.send(packet)
    this.#bound = {
      message: (packet) => {
        if (this.#transport === transport) this.#receive(packet)
      },
      closed: (reason) => {
        if (this.#transport === transport) this.#detach(reason)
      },
      drained: () => this.flush(),
    }
    transport.bind(this.#bound)
    this.flush()
  }

  /** Sends a frame with what else this turn sends. An urgent one overtakes what waits. */
  send(header: Header, bytes: Uint8Array | null, isUrgent = false): void {
    if (this.#isClosed) return
    this.#queue.add({ header, bytes }, isUrgent)
    if (this.#isFlushScheduled) return
    this.#isFlushScheduled = true
    // Not `queueMicrotask`, which makes a resource for async hooks of each.
    void endOfTurn.then(this.#flushNow)
  }

  /** Sends a frame in front of what is sent next, or with the next `flush`. It replaces one that has not left yet. */
  sendLatest(header: Header): void {
    if (!this.#isClosed) this.#queue.setLatest(header)
  }

  /** Sends what waits, now, as far as the transport takes it. */
  flush(): void {
    this.#isFlushScheduled = false
    this.#pump(false)
  }

  /** Sends what waits, then closes the transport; the link is of no use afterwards. */
  close(reason: string): void {
    this.#pump(true)
    this.#end()
    this.#release()?.close(reason)
  }

  /** Drops the transport, as if the network had: `detached` is told. */
  drop(reason: string): void {
    const transport = this.#release()
    if (transport === undefined) return
    transport.terminate()
    this.#events.detached(reason)
  }

  /** Closes at once and forgets everything; `detached` is not told. */
  destroy(): void {
    this.#end()
    this.#kept = []
    this.#queue.clear()
    this.#release()?.terminate()
  }

  hold(isHeld: boolean): void {
    this.#transport?.hold(isHeld)
  }

  #end(): void {
    this.#isClosed = true
    clearTimeout(this.#ackTimer)
  }

  #pump(isAll: boolean): void {
    while (this.#transport !== undefined && (isAll || !this.#transport.isFull)) {
      const frames = this.#queue.take()
      if (frames.length === 0) return
      this.#sendJoined(frames)
    }
  }

  /** As one packet; as several when headers are larger than they look, as those that are passed on may be. */
  #sendJoined(frames: readonly Frame[]): void {
    const packet = encodePacket(this.#sent + 1, this.#received, frames)
    if (packet.byteLength > limits.maxPacketBytes && frames.length > 1) {
      reusePacket(packet)
      const half = frames.length >> 1
      this.#sendJoined(frames.slice(0, half))
      this.#sendJoined(frames.slice(half))
      return
    }
    this.#sent += 1
    this.#markAcknowledged()
    for (const { header, bytes } of frames) if (header.type === 'chunk' && bytes !== null) discardChunk(bytes)
    this.#kept.push(packet)
    this.#transport?.send(packet)
  }

  #receive(bytes: Uint8Array): void {
    this.#lastReceivedAt = monotonicMs()
    try {
      const packet = decodePacket(bytes)
      this.#forget(packet.acknowledged)
      // Sent again after a resume although it had arrived.
      if (packet.sequence <= this.#received) return
      if (packet.sequence !== this.#received + 1)
        throw new ProtocolError(`Received packet ${packet.sequence} after ${this.#received}`)
      this.#received = packet.sequence
      this.#bytesSinceAck += bytes.byteLength
      if (packet.frames.length === 1 && packet.frames[0]?.header.type === 'chunk') holdsOneChunk(bytes)
      for (const frame of packet.frames) {
        this.#events.frame(frame.header, frame.bytes)
        // A frame may have been the last word.
        if (this.#isClosed) return
      }
      this.#events.packetEnd()
      this.#acknowledgeSoon()
      this.#breatheAfter(packet.frames)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#release()?.terminate()
      this.#events.violated(error)
    }
  }

  /** After enough pieces other work of this process has its turn, before what came next. */
  #breatheAfter(frames: readonly Frame[]): void {
    for (const { header } of frames)
      if (header.type === 'chunk' && header.slot !== undefined) this.#slots += 1
    if (this.#slots < slotsPerTurn) return
    this.#slots = 0
    const [transport, bound] = [this.#transport, this.#bound]
    transport?.unbind()
    setImmediate(() => {
      if (transport === undefined || bound === undefined || this.#transport !== transport) return
      transport.bind(bound)
      // It may have drained meanwhile.
      this.flush()
    })
  }

  #forget(acknowledged: number): void {
    const count = acknowledged - this.#firstKept + 1
    if (count <= 0) return
    if (count > this.#kept.length)
      throw new ProtocolError(`Received an acknowledgement of packet ${acknowledged}, which was not sent`)
    for (const packet of this.#kept.splice(0, count)) reusePacket(packet)
    this.#firstKept += count
    if (this.isIdle) this.#events.acknowledged?.()
  }

  #acknowledgeSoon(): void {
    const packets = this.#received - this.#acknowledgedToPeer
    if (packets >= limits.ackEveryPackets || this.#bytesSinceAck >= limits.ackEveryBytes) this.#acknowledge()
    else this.#ackTimer ??= setTimeout(() => this.#acknowledge(), limits.ackDelayMs).unref()
  }

  #acknowledge(): void {
    clearTimeout(this.#ackTimer)
    this.#ackTimer = undefined
    if (this.#received === this.#acknowledgedToPeer || this.#transport === undefined) return
    this.#transport.send(encodePacket(0, this.#received, []))
    this.#markAcknowledged()
  }

  #markAcknowledged(): void {
    this.#acknowledgedToPeer = this.#received
    this.#bytesSinceAck = 0
  }

  #detach(reason: string): void {
    if (this.#release() !== undefined) this.#events.detached(reason)
  }

  /** Lets go of the transport first, so that its end is not taken for a loss. */
  #release(): Transport | undefined {
    const transport = this.#transport
    this.#transport = undefined
    return transport
  }
}
