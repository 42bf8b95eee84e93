/** Ends of connections that write down what they are told. */

import { setImmediate as turn } from 'node:timers/promises'
import type { ProtocolError } from '../src/errors.ts'
import { Link } from '../src/link.ts'
import { memoryTransportPair } from '../src/memory-transport.ts'
import type { Header } from '../src/message.ts'
import { decodePacket, type Packet } from '../src/packet.ts'
import type { Transport } from '../src/transport.ts'

/** Lets what was sent over memory transports arrive, and what that leads to. */
export async function settled(turns = 6): Promise<void> {
  for (let i = 0; i < turns; i++) await turn()
}

/** The far end of a transport, which speaks for itself. */
export class RawEnd {
  readonly packets: Packet[] = []
  readonly transport: Transport
  closed: string | undefined
  #onPacket: (() => void) | undefined

  constructor(transport: Transport) {
    this.transport = transport
    transport.bind({
      message: (bytes) => {
        this.packets.push(decodePacket(bytes))
        this.#onPacket?.()
      },
      closed: (reason) => {
        this.closed = reason
      },
      drained() {},
    })
  }

  /** Waits until there are so many packets, and gives the last of them. */
  async packet(count: number): Promise<Packet> {
    while (this.packets.length < count) {
      await new Promise<void>((resolve) => {
        this.#onPacket = resolve
      })
    }
    const packet = this.packets[count - 1]
    if (packet === undefined) throw new Error('Cannot happen')
    return packet
  }

  /** The headers of all frames, in order. */
  get headers(): Header[] {
    return this.packets.flatMap(({ frames }) => frames.map(({ header }) => header))
  }
}

/** A link, and all that it told. */
export class LinkEnd {
  readonly frames: Header[] = []
  readonly bodies: (Uint8Array | null)[] = []
  readonly detached: string[] = []
  readonly violations: ProtocolError[] = []
  packetEnds = 0
  readonly link: Link
  #onFrame: (() => void) | undefined

  constructor(onFrame?: () => void) {
    this.link = new Link({
      frame: (header, bytes) => {
        this.frames.push(header)
        this.bodies.push(bytes)
        onFrame?.()
        this.#onFrame?.()
      },
      packetEnd: () => {
        this.packetEnds += 1
      },
      detached: (reason) => this.detached.push(reason),
      violated: (error) => this.violations.push(error),
    })
  }

  /** Waits until so many frames have arrived. */
  async arrived(count: number): Promise<void> {
    while (this.frames.length < count) {
      await new Promise<void>((resolve) => {
        this.#onFrame = resolve
      })
    }
  }

  ping(n: number, isUrgent = false): void {
    this.link.send({ type: 'ping', n }, null, isUrgent)
  }

  /** The numbers of the pings that arrived. */
  get pings(): number[] {
    return this.frames.map((header) => (header.type === 'ping' ? header.n : -1))
  }
}

/** A link that is attached, and the raw far end of its transport. */
export function attachedLink(onFrame?: () => void): { end: LinkEnd; far: RawEnd } {
  const [left, right] = memoryTransportPair()
  const end = new LinkEnd(onFrame)
  end.link.attach(left, 0)
  return { end, far: new RawEnd(right) }
}
