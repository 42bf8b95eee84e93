/**
 * The far end of the tunnel: workers dial here as they would dial the manager, and all their connections go through the
 * one stream that the manager opened. What they say is encrypted for the manager; nothing is understood here.
 */

import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import {
  decodeRelayMessage,
  encodeRelayMessage,
  limits,
  ProtocolError,
  proveAsRelay,
  TunnelMux,
} from '@dialback/protocol'
import { probeAddresses } from './probe.ts'
import type { RelaySettings } from './relay-settings.ts'

export interface RelayOptions extends RelaySettings {
  readonly log: (line: string) => void
  /** The manager has gone, for good. */
  readonly ended: (reason: string) => void
}

/** Streams that have not proven to be the manager's; more are turned away. */
const maxUnprovenStreams = 16

export class Relay implements AsyncDisposable {
  readonly #options: RelayOptions
  readonly #workers: Server
  readonly #control: Server
  readonly #unproven = new Set<Socket>()
  #mux: TunnelMux | undefined
  #orphanTimer: NodeJS.Timeout | undefined

  /** Listens on both ports; 0 is any that is free. @throws {Error} when one is in use. */
  static async open(options: RelayOptions): Promise<Relay> {
    const relay = new Relay(options)
    relay.#workers.listen(options.port)
    // A port-forward comes from the pod's own loopback interface, and nobody else may try.
    relay.#control.listen(options.controlPort, '127.0.0.1')
    await Promise.all([once(relay.#workers, 'listening'), once(relay.#control, 'listening')])
    relay.#awaitManager()
    options.log(`workers dial port ${relay.port}, the manager ${relay.controlPort}`)
    return relay
  }

  private constructor(options: RelayOptions) {
    this.#options = options
    // Half open: a worker that has said all still listens.
    this.#workers = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (socket) =>
      this.#takeWorker(socket),
    )
    this.#control = createServer({ noDelay: true }, (socket) => void this.#takeStream(socket))
  }

  get port(): number {
    return portOf(this.#workers)
  }

  get controlPort(): number {
    return portOf(this.#control)
  }

  /** Breaks off with the manager, which is to look for another relay, and turns away whoever dials. */
  leave(): void {
    clearTimeout(this.#orphanTimer)
    this.#control.close()
    for (const socket of this.#unproven) socket.destroy()
    const mux = this.#mux
    this.#mux = undefined
    mux?.close('the relay leaves')
  }

  /** Closes everything; what workers say then is lost. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#orphanTimer)
    const servers = [this.#workers, this.#control].filter(({ listening }) => listening)
    const closed = servers.map((server) => once(server, 'close'))
    for (const server of servers) server.close()
    for (const socket of this.#unproven) socket.destroy()
    const mux = this.#mux
    this.#mux = undefined
    mux?.close('the relay ends')
    await Promise.all(closed)
  }

  #takeWorker(socket: Socket): void {
    socket.on('error', () => {})
    // Without a manager, or with too many others: it dials again.
    const connection = this.#mux?.open(socket.remoteAddress ?? '')
    if (connection === undefined) {
      socket.resetAndDestroy()
      return
    }
    connection.on('error', () => {})
    // What one end has said to its last byte the other still gets; what broke off breaks off there too.
    connection.on('close', () => {
      if (connection.errored !== null || !connection.readableEnded) socket.resetAndDestroy()
    })
    socket.on('close', () => {
      if (socket.errored !== null || !socket.readableEnded) connection.destroy()
    })
    socket.pipe(connection).pipe(socket)
  }

  async #takeStream(socket: Socket): Promise<void> {
    socket.on('error', () => {})
    if (this.#unproven.size >= maxUnprovenStreams) {
      socket.destroy()
      return
    }
    this.#unproven.add(socket)
    try {
      const signal = AbortSignal.timeout(limits.helloTimeoutMs)
      await proveAsRelay({ stream: socket, token: this.#options.token, signal })
      this.#attach(socket)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#options.log(`turned away a stream that is not the manager's: ${why}`)
      socket.destroy()
    } finally {
      this.#unproven.delete(socket)
    }
  }

  #attach(socket: Socket): void {
    const former = this.#mux
    const mux = new TunnelMux({
      stream: socket,
      message: (bytes) => void this.#hear(mux, bytes),
      closed: (reason) => this.#lost(mux, reason),
    })
    this.#mux = mux
    clearTimeout(this.#orphanTimer)
    // The manager opens another stream when it has given this one up, which may not be known here yet.
    former?.close('the manager opened another stream')
    this.#options.log('the manager is here')
  }

  async #hear(mux: TunnelMux, bytes: Uint8Array): Promise<void> {
    try {
      const message = decodeRelayMessage(bytes)
      if (message.type === 'goodbye') this.#options.ended('the manager said goodbye')
      if (message.type !== 'probe') return
      const results = await probeAddresses(message)
      for (const { address, failure } of results)
        this.#options.log(
          `${failure === undefined ? 'can' : 'cannot'} dial ${address}${failure === undefined ? '' : `: ${failure}`}`,
        )
      mux.send(encodeRelayMessage({ type: 'probed', results }))
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      mux.close(error.message)
    }
  }

  #lost(mux: TunnelMux, reason: string): void {
    if (this.#mux !== mux) return
    this.#mux = undefined
    this.#options.log(`the manager is gone: ${reason}`)
    this.#awaitManager()
  }

  #awaitManager(): void {
    const { orphanLimitMs, ended } = this.#options
    clearTimeout(this.#orphanTimer)
    this.#orphanTimer = setTimeout(() => ended(`no manager for ${orphanLimitMs / 1_000} s`), orphanLimitMs)
  }
}

function portOf(server: Server): number {
  // Listening on TCP, so that the address is no string.
  return (server.address() as AddressInfo).port
}
