/** Where workers of other machines dial in: TLS on all interfaces, and on streams that a tunnel brings. */

import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import { type AddressInfo, createServer as createPlainServer, type Server as PlainServer } from 'node:net'
import { extname } from 'node:path'
import type { Duplex } from 'node:stream'
import { Worker } from 'node:worker_threads'
import { limits } from '@dialback/protocol'
import type { Door } from './cluster-manager.ts'
import { type Doorkeeper, entranceOptions, exclusive, Greeter } from './greeter.ts'
import type { Logger } from './logger.ts'
import type { Identity } from './make-certificate.ts'

export class TlsDoor implements Door {
  readonly certificate: string
  readonly #server: Server
  readonly #greeter: Greeter
  /** By port. */
  readonly #others = new Map<number, Promise<PlainServer>>()
  /** All connections, also those that are still about TLS, of which the server itself does not keep a list. */
  readonly #streams = new Set<Duplex>()

  /** Makes a certificate and listens. */
  static async open(doorkeeper: Doorkeeper, logger: () => Logger): Promise<TlsDoor> {
    const { key, certificate } = await makeCertificate()
    const door = new TlsDoor(doorkeeper, logger, { key, certificate })
    door.#server.listen({ port: 0, exclusive })
    await once(door.#server, 'listening')
    door.#server.unref()
    return door
  }

  private constructor(doorkeeper: Doorkeeper, logger: () => Logger, { key, certificate }: Identity) {
    this.certificate = certificate
    this.#greeter = new Greeter(doorkeeper, logger)
    this.#server = createServer({
      ...entranceOptions,
      key,
      cert: certificate,
      minVersion: 'TLSv1.3',
      // What browsers ask for. As a list Node would copy it for each connection, into memory that it shares with what was read.
      ALPNCallback: ({ protocols }) => protocols.find((protocol) => protocol === 'http/1.1'),
      handshakeTimeout: limits.helloTimeoutMs,
    })
    this.#server.maxConnections = limits.maxDoorConnections
    this.#greeter.serve(this.#server)
    this.#server.on('connection', (stream: Duplex) => {
      this.#streams.add(stream)
      stream.once('close', () => this.#streams.delete(stream))
    })
    this.#server.on('secureConnection', (socket) => socket.unref())
  }

  get port(): number {
    // Listening on TCP, so that the address is no string.
    return (this.#server.address() as AddressInfo).port
  }

  accept(stream: Duplex): void {
    if (this.#streams.size >= limits.maxDoorConnections)
      this.#greeter.drop(stream, 'there are too many connections')
    // Documented for this: the server takes any stream for a connection that it has accepted.
    else this.#server.emit('connection', stream)
  }

  async listenOn(port: number): Promise<void> {
    if (this.port === port) return
    const opening = this.#others.get(port) ?? this.#listenOn(port)
    this.#others.set(port, opening)
    try {
      await opening
    } catch (error) {
      this.#others.delete(port)
      throw error
    }
  }

  async #listenOn(port: number): Promise<PlainServer> {
    const other = createPlainServer((socket) => this.accept(socket))
    other.listen({ port, exclusive })
    await once(other, 'listening')
    // As those of the server itself.
    other.on('error', (error) => this.#server.emit('error', error))
    return other.unref()
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const other of await Promise.all(this.#others.values())) other.close()
    this.#others.clear()
    this.#greeter.close()
    for (const stream of this.#streams) stream.destroy()
    await closed
  }
}

async function makeCertificate(): Promise<Identity> {
  const thread = new URL(`make-certificate${extname(import.meta.url)}`, import.meta.url)
  // Without what this process was told to load first.
  const [identity] = (await once(new Worker(thread, { execArgv: [] }), 'message')) as [Identity]
  return identity
}
