/** Messages with bodies of any size over a link: small ones in their frame, large ones as chunks in between others. */

import { bodyBytes, type EncodedBody, emptyBody } from './body.ts'
import { BodyReceiver, inlineBody } from './body-receiver.ts'
import { BodySender } from './body-sender.ts'
import { DeliveryOrder } from './delivery-order.ts'
import { ProtocolError } from './errors.ts'
import { limits } from './limits.ts'
import { Link } from './link.ts'
import type { Header, Letter, SharedSlot } from './message.ts'
import { discardChunk } from './packet-memory.ts'
import { type SharedMemory, SharedMemoryReader } from './shared-memory.ts'
import { unreceivable } from './unreceivable.ts'

export interface MailboxEvents {
  /** A whole message. Of one sender, calls, definitions, modules, puts and closes come in the order in which they were posted. */
  message(message: Letter, body: EncodedBody): void
  /** A message is about to be sent, and nothing is in the way. */
  posted?(message: Letter): void
  /** Takes a frame that is for somebody else: true when it did. */
  relay?(header: Header, bytes: Uint8Array | null): boolean
  detached(reason: string): void
  violated(error: ProtocolError): void
}

export interface MailboxOptions {
  readonly events: MailboxEvents
  /** Numbers the streams; from the range that the process got in its welcome. */
  readonly nextStream: () => number
  /** Set when the other end can read this process' shared memory. */
  readonly memory?: SharedMemory | undefined
}

/** A message whose body is under way. */
interface Arrival {
  readonly message: Header
  readonly receiver: BodyReceiver
  /** Of one that waits for those before it: whose it is. */
  readonly range: number | undefined
}

/** Ids are `range * idsPerRange + n`: the range tells whose they are. */
export const idsPerRange: number = 2 ** 32

/** The range that an id is from. */
export function rangeOf(id: number): number {
  return Math.floor(id / idsPerRange)
}

export class Mailbox {
  readonly link: Link
  readonly #events: MailboxEvents
  readonly #nextStream: () => number
  readonly #memory: SharedMemory | undefined
  readonly #reader = new SharedMemoryReader()
  readonly #senders = new Map<number, BodySender>()
  readonly #receivers = new Map<number, Arrival>()
  readonly #order: DeliveryOrder
  readonly #credits = new Map<number, number>()
  #onDelivered: (() => void) | undefined

  constructor(options: MailboxOptions) {
    this.#events = options.events
    this.#nextStream = options.nextStream
    this.#memory = options.memory
    this.#order = new DeliveryOrder((message, body) => this.#events.message(message, body))
    this.link = new Link({
      frame: (header, bytes) => this.#receive(header, bytes),
      packetEnd: () => {
        this.#sendCredits()
        this.#checkDelivered()
      },
      acknowledged: () => this.#checkDelivered(),
      detached: (reason) => this.#events.detached(reason),
      violated: (error) => this.#events.violated(error),
    })
  }

  /** Whether bodies may come and go through shared memory. */
  get sharesMemory(): boolean {
    return this.#memory !== undefined
  }

  /**
   * Sends a message. The body's buffers are copied before this returns; its head must not change any more. An urgent
   * one overtakes what waits, unless its body is large.
   *
   * @throws {RangeError} when the body is larger than a peer would take; nothing was sent.
   */
  post(message: Letter, body: EncodedBody = emptyBody, isUrgent = false): void {
    const isPlain = body.buffers.length === 0 && body.head.byteLength <= limits.inlineBodyBytes
    if (!isPlain) checkSize(body)
    this.#events.posted?.(message)
    if (!isPlain) this.#postParts(message, body, isUrgent)
    else this.link.send(message, body.head.byteLength === 0 ? null : body.head, isUrgent)
  }

  /** Gives the bytes of a slot that the other end filled. @throws when it is gone. */
  readShared(slot: SharedSlot): Uint8Array {
    const bytes = Buffer.allocUnsafe(slot.length)
    this.#reader.read(slot, bytes)
    return bytes
  }

  /** Calls back once the other end has all that was posted, at once when it has. */
  whenDelivered(callback: () => void): void {
    this.#onDelivered = callback
    this.#checkDelivered()
  }

  /** Sends what waits, then closes the link and lets go of shared memory. */
  close(reason: string): void {
    this.link.close(reason)
    this.destroy()
  }

  /** Closes the link at once and lets go of shared memory. */
  destroy(): void {
    this.link.destroy()
    for (const sender of this.#senders.values()) sender.abandon()
    this.#senders.clear()
    this.#receivers.clear()
    this.#order.clear()
    this.#reader.close()
  }

  #checkDelivered(): void {
    if (this.#onDelivered === undefined || this.#senders.size > 0 || !this.link.isIdle) return
    const callback = this.#onDelivered
    this.#onDelivered = undefined
    callback()
  }

  #postParts(message: Letter, body: EncodedBody, isUrgent: boolean): void {
    const parts = [body.head.byteLength, ...body.buffers.map((buffer) => buffer.byteLength)]
    if (bodyBytes(body) <= limits.inlineBodyBytes) {
      this.link.send({ ...message, parts }, Buffer.concat([body.head, ...body.buffers]), isUrgent)
      return
    }
    const stream = this.#nextStream()
    this.link.send({ ...message, parts, stream }, null)
    const sender = new BodySender(stream, body, this.#memory, (chunk, bytes) => {
      this.link.send(chunk, bytes)
      if (chunk.slot !== undefined) this.link.flush()
    })
    this.#senders.set(stream, sender)
  }

  #receive(header: Header, bytes: Uint8Array | null): void {
    if (this.#events.relay?.(header, bytes) === true) return
    switch (header.type) {
      case 'chunk':
        this.#addChunk(header, bytes)
        return
      case 'credit':
        if (this.#senders.get(header.stream)?.credit(header.chunks) === true)
          this.#senders.delete(header.stream)
        return
      case 'stop':
        this.#stop(header.stream)
        return
      case 'call':
      case 'define':
      case 'module':
      case 'put':
      case 'close':
        this.#arrive(header, bytes, rangeOf(header.id))
        return
      // biome-ignore format: the rest is delivered as soon as it is whole
      case 'result':
      case 'error':
      case 'cancel':
      case 'unknown':
      case 'open':
      case 'take':
      case 'received':
      case 'inspect':
      case 'state':
      case 'fetch':
      case 'release':
      case 'free':
      case 'ping':
      case 'pong':
      case 'members':
      case 'recall':
      case 'recalled':
      case 'interrupt':
      case 'interrupted':
      case 'drain':
      case 'goodbye':
        this.#arrive(header, bytes, undefined)
    }
  }

  #arrive(header: Header, bytes: Uint8Array | null, range: number | undefined): void {
    if (header.stream === undefined) {
      this.#order.whole(header, inlineBody(header, bytes), range)
      return
    }
    if (this.#receivers.has(header.stream))
      throw new ProtocolError(`Received ${header.type} with a stream that is in use: ${header.stream}`)
    const receiver = this.#receiverFor(header, header.stream)
    if (receiver === undefined) return
    this.#receivers.set(header.stream, { message: header, receiver, range })
    this.#order.begin(header, range)
  }

  /** Undefined when there is no memory for it. @throws {ProtocolError} when no body can be like that. */
  #receiverFor(header: Header, stream: number): BodyReceiver | undefined {
    try {
      return new BodyReceiver(header.parts ?? [], this.#reader)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.#refuse(header, stream, 'there is no memory for them')
      return undefined
    }
  }

  #refuse(header: Header, stream: number, why: string): void {
    const { answer, instead, body } = unreceivable(header, why)
    this.link.send({ type: 'stop', stream }, null)
    if (answer !== undefined) this.post(answer, body)
    if (instead !== undefined) this.#events.message(instead, body)
  }

  #addChunk(header: Header & { type: 'chunk' }, bytes: Uint8Array | null): void {
    const arrival = this.#receivers.get(header.stream)
    // Chunks of a stream that was stopped may still be under way.
    if (arrival === undefined) return
    // Whoever shares no memory must not make this process open files.
    if (header.slot !== undefined && !this.sharesMemory)
      throw new ProtocolError('Received a chunk in memory that is not shared')
    try {
      arrival.receiver.add(header, bytes)
      if (bytes !== null) discardChunk(bytes)
    } catch (cause) {
      if (cause instanceof ProtocolError) throw cause
      // Else the owner of the shared memory is gone; its loss is told by other means.
      if (cause instanceof RangeError) this.#refuse(arrival.message, header.stream, cause.message)
      this.#stop(header.stream)
      return
    }
    this.#credits.set(header.stream, (this.#credits.get(header.stream) ?? 0) + 1)
    if (!arrival.receiver.isComplete) return
    this.#receivers.delete(header.stream)
    this.#order.complete(arrival.message, arrival.receiver.body, arrival.range)
  }

  #stop(stream: number): void {
    this.#senders.get(stream)?.abandon()
    this.#senders.delete(stream)
    const arrival = this.#receivers.get(stream)
    this.#receivers.delete(stream)
    if (arrival !== undefined) this.#order.drop(arrival.message, arrival.range)
  }

  #sendCredits(): void {
    for (const [stream, chunks] of this.#credits)
      this.link.send({ type: 'credit', stream, chunks }, null, true)
    this.#credits.clear()
  }
}

function checkSize(body: EncodedBody): void {
  const { maxBodyBytes, maxBodyParts } = limits
  const [bytes, parts] = [bodyBytes(body), 1 + body.buffers.length]
  if (bytes > maxBodyBytes) throw new RangeError(`Cannot send more than ${maxBodyBytes} bytes: ${bytes}`)
  if (parts > maxBodyParts) throw new RangeError(`Cannot send more than ${maxBodyParts} buffers: ${parts}`)
}
