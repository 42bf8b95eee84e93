/** A worker that joins as any other does, and then sends whatever the test wants. */

import { once } from 'node:events'
import type { ClusterManager, LaunchContext } from '@dialback/manager'
import { decodeWelcome, encodeHandshake, idsPerRange, limits, protocolVersion } from '@dialback/protocol'
import { Packr } from 'msgpackr'
import { WebSocket } from 'ws'

const packr = new Packr({ useRecords: false })

export type Frame = readonly [header: object, bytes: Uint8Array | null]

export class HostileWorker implements ClusterManager {
  readonly name = 'hostile'
  readonly pendingTimeoutMs = 60_000
  readonly minWorkers = 1
  /** What its thread numbers its ids from. */
  firstId = 0
  readonly #exited = Promise.withResolvers<{ reason: string; blame: 'item' }>()
  readonly #received: Buffer[] = []
  #thread: WebSocket | undefined
  #sent = 0

  async launch(context: LaunchContext): ReturnType<ClusterManager['launch']> {
    const credentials = context.admit(`hostile-${context.nextWorkerId}`, await context.openLoopback())
    await this.#dial(credentials, 'control')
    this.#thread = await this.#dial(credentials, 'thread 0.0')
    this.#thread.on('message', (packet: Buffer) => this.#received.push(packet))
    return [
      {
        name: credentials.name,
        threads: 1,
        exited: this.#exited.promise,
        onLine() {},
        end: () => this.#exited.resolve({ reason: 'Exited', blame: 'item' }),
        leaving: () => this.#exited.resolve({ reason: 'Exited', blame: 'item' }),
        hold() {},
      },
    ]
  }

  /** Sends frames as one packet of its thread's connection. */
  send(...frames: readonly Frame[]): void {
    this.#sent += 1
    this.#thread?.send(packr.pack([this.#sent, 0, ...frames.flat()]))
  }

  /** Waits until its thread was told something that has this in it, or its connection has ended: then undefined. */
  async told(text: string): Promise<string | undefined> {
    const socket = this.#thread
    for (;;) {
      const found = this.#received
        .map((packet) => packet.toString('latin1'))
        .find((each) => each.includes(text))
      if (found !== undefined || socket === undefined || socket.readyState === WebSocket.CLOSED) return found
      await Promise.race([once(socket, 'message'), once(socket, 'close')])
    }
  }

  async #dial(
    { url, name, token }: ReturnType<LaunchContext['admit']>,
    connection: string,
  ): Promise<WebSocket> {
    const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: limits.maxPacketBytes })
    socket.on('error', () => {})
    await once(socket, 'open')
    const hello = {
      runtime: process.version,
      name,
      token,
      nonce: 'n'.repeat(32),
      connection,
      pid: 1,
      received: 0,
    }
    socket.send(encodeHandshake({ type: 'hello', protocol: protocolVersion, ...hello }))
    const [answer] = (await once(socket, 'message')) as [Uint8Array]
    if (connection !== 'control') this.firstId = decodeWelcome(answer).idRange * idsPerRange + 1
    return socket
  }
}
