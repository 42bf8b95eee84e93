/** Where workers of this machine dial in, without TLS: a free port of the loopback interface or, on Linux, a Unix socket. */

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Doorkeeper, entranceOptions, exclusive, Greeter } from './greeter.ts'
import type { Logger } from './logger.ts'

// Not imported: for the namespace of this module Node would read all that it exports, and so load `undici` (50 ms).
const { createServer } = process.getBuiltinModule('node:http')

export class Loopback {
  readonly url: string
  readonly #server: Server
  readonly #greeter: Greeter

  /** Listens on a port. */
  static async open(doorkeeper: Doorkeeper, logger: () => Logger): Promise<Loopback> {
    const server = createServer(entranceOptions)
    server.listen({ port: 0, host: '127.0.0.1', exclusive })
    await once(server.unref(), 'listening')
    // Listening on TCP, so that the address is no string.
    const { port } = server.address() as AddressInfo
    return new Loopback(`ws://127.0.0.1:${port}`, server, new Greeter(doorkeeper, logger))
  }

  /** The same for workers that share this process' network: by a Unix socket, which takes the kernel half as long. */
  static async openNear(doorkeeper: Doorkeeper, logger: () => Logger): Promise<Loopback> {
    // Of Linux' abstract namespace: no file that could be left behind.
    const name = `dialback-${randomUUID()}`
    const server = createServer(entranceOptions)
    server.listen({ path: `\0${name}`, exclusive })
    await once(server.unref(), 'listening')
    return new Loopback(`ws+unix://${name}`, server, new Greeter(doorkeeper, logger))
  }

  private constructor(url: string, server: Server, greeter: Greeter) {
    this.url = url
    this.#server = server
    this.#greeter = greeter
    greeter.serve(server)
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    this.#greeter.close()
    await closed
  }
}
