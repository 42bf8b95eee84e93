/** A linked pair of transports within one process: what one end sends, the other receives in a later turn. */

import { limits } from './limits.ts'
import type { Transport, TransportEvents } from './transport.ts'

/**
 * Creates two transports, each of which receives what the other sends.
 *
 * @example
 * const [left, right] = memoryTransportPair()
 * right.bind({ message: (packet) => console.log(packet), closed() {}, drained() {} })
 * left.send(Uint8Array.of(1, 2, 3))
 */
export function memoryTransportPair(): [Transport, Transport] {
  const left = new MemoryTransport()
  const right = new MemoryTransport()
  left.connect(right)
  right.connect(left)
  return [left, right]
}

class MemoryTransport implements Transport {
  #peer: MemoryTransport | undefined
  #events: TransportEvents | undefined
  #early: ((events: TransportEvents) => void)[] = []
  #isOpen = true
  #bufferedBytes = 0

  get isFull(): boolean {
    return this.#bufferedBytes > limits.socketHighWaterBytes
  }

  connect(peer: MemoryTransport): void {
    this.#peer = peer
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
    if (!this.#isOpen) return
    // A copy, as a socket makes one: the sender may use its buffer again. `slice` of a Buffer would be none.
    const copy = new Uint8Array(packet)
    this.#bufferedBytes += copy.byteLength
    setImmediate(() => {
      const wasFull = this.isFull
      this.#bufferedBytes -= copy.byteLength
      this.#peer?.deliver((events) => events.message(copy))
      if (wasFull && !this.isFull) this.deliver((events) => events.drained())
    })
  }

  close(reason: string): void {
    setImmediate(() => this.#end(reason))
  }

  terminate(): void {
    this.#end('terminated')
  }

  hold(): void {}

  deliver(event: (events: TransportEvents) => void): void {
    if (!this.#isOpen) return
    if (this.#events) event(this.#events)
    else this.#early.push(event)
  }

  #end(reason: string): void {
    if (!this.#isOpen) return
    this.deliver((events) => events.closed(reason))
    this.#isOpen = false
    const peer = this.#peer
    setImmediate(() => peer?.close(reason))
  }
}
