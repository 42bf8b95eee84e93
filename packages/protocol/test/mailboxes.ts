/** Mailboxes that write down what they are told. */

import type { EncodedBody } from '../src/body.ts'
import type { ProtocolError } from '../src/errors.ts'
import { idsPerRange, Mailbox, type MailboxOptions } from '../src/mailbox.ts'
import { memoryTransportPair } from '../src/memory-transport.ts'
import type { Message } from '../src/message.ts'
import type { SharedMemory } from '../src/shared-memory.ts'
import { RawEnd } from './ends.ts'

export interface Received {
  readonly message: Message
  readonly body: EncodedBody
}

/** A mailbox whose ids are from the range `range`. */
export class MailboxEnd {
  readonly received: Received[] = []
  readonly detached: string[] = []
  readonly violations: ProtocolError[] = []
  readonly mailbox: Mailbox
  #lastId: number
  #onMessage: (() => void) | undefined

  constructor(range: number, memory?: SharedMemory, relay?: NonNullable<MailboxOptions['events']['relay']>) {
    this.#lastId = range * idsPerRange
    this.mailbox = new Mailbox({
      memory,
      nextStream: () => this.nextId(),
      events: {
        message: (message, body) => {
          this.received.push({ message, body })
          this.#onMessage?.()
        },
        detached: (reason) => this.detached.push(reason),
        violated: (error) => this.violations.push(error),
        ...(relay && { relay }),
      },
    })
  }

  nextId(): number {
    this.#lastId += 1
    return this.#lastId
  }

  /** Waits until so many messages have arrived. */
  async arrived(count: number): Promise<readonly Received[]> {
    while (this.received.length < count) {
      await new Promise<void>((resolve) => {
        this.#onMessage = resolve
      })
    }
    return this.received
  }

  /** The ids of the messages that arrived, in that order. */
  get ids(): number[] {
    return this.received.map(({ message }) => ('id' in message ? message.id : 0))
  }
}

/** Two mailboxes over a memory transport, of the ranges 1 and 0. */
export function mailboxPair(
  leftMemory?: SharedMemory,
  rightMemory?: SharedMemory,
): [left: MailboxEnd, right: MailboxEnd] {
  const ends: [MailboxEnd, MailboxEnd] = [new MailboxEnd(1, leftMemory), new MailboxEnd(0, rightMemory)]
  connect(...ends)
  return ends
}

/** Connects, or connects again. */
export function connect(left: MailboxEnd, right: MailboxEnd): void {
  const [leftTransport, rightTransport] = memoryTransportPair()
  const { received } = right.mailbox.link
  right.mailbox.link.attach(rightTransport, left.mailbox.link.received)
  left.mailbox.link.attach(leftTransport, received)
}

/** A mailbox and the raw far end of its transport. */
export function attachedMailbox(memory?: SharedMemory): { end: MailboxEnd; far: RawEnd } {
  const [left, right] = memoryTransportPair()
  const end = new MailboxEnd(1, memory)
  end.mailbox.link.attach(left, 0)
  return { end, far: new RawEnd(right) }
}

/** A body whose parts have these lengths, each filled with bytes that tell their place. */
export function bodyOf(head: number, ...buffers: number[]): EncodedBody {
  return { head: patterned(head, 1), buffers: buffers.map((length, i) => patterned(length, i + 2)) }
}

/** Whether two bodies are the same, part by part. */
export function isSameBody(left: EncodedBody, right: EncodedBody): boolean {
  const [lefts, rights] = [left, right].map(({ head, buffers }) => [head, ...buffers]) as [
    Uint8Array[],
    Uint8Array[],
  ]
  return (
    lefts.length === rights.length &&
    lefts.every((part, i) => Buffer.compare(part, rights[i] ?? Buffer.of()) === 0)
  )
}

function patterned(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4))
  for (let i = 0; i < words.length; i++) words[i] = (i + seed) * 2_654_435_761
  return new Uint8Array(words.buffer, 0, length)
}
