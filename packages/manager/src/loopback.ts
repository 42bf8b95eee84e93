/** Where workers of this machine dial in, without TLS: a free port of the loopback interface, and on Linux a Unix socket. */

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Doorkeeper, entranceOptions, Greeter } from './greeter.ts'
import type { Logger } from './logger.ts'

// Not imported: for the namespace of this module Node would read all that it exports, and so load `undici` (50 ms).
const { createServer } = process.getBuiltinModule('node:http')

export class Loopback {
  readonly #server: Server = createServer(entranceOptions)
  /** Of Linux' abstract namespace: no file that could be left behind. */
  readonly #unixServer: Server | undefined =
    process.platform === 'linux' ? createServer(entranceOptions) : undefined
  readonly #unixName = `dialback-${randomUUID()}`
  readonly #greeter: Greeter

  /** Listens. */
  static async open(doorkeeper: Doorkeeper, logger: () => Logger): Promise<Loopback> {
    const loopback = new Loopback(doorkeeper, logger)
    loopback.#server.listen(0, '127.0.0.1')
    loopback.#unixServer?.listen(`\0${loopback.#unixName}`)
    await Promise.all(loopback.#servers.map((server) => once(server.unref(), 'listening')))
    return loopback
  }

  private constructor(doorkeeper: Doorkeeper, logger: () => Logger) {
    this.#greeter = new Greeter(doorkeeper, logger)
    for (const server of this.#servers) this.#greeter.serve(server)
  }

  get #servers(): readonly Server[] {
    return this.#unixServer === undefined ? [this.#server] : [this.#server, this.#unixServer]
  }

  get url(): string {
    // Listening on TCP, so that the address is no string.
    const { port } = this.#server.address() as AddressInfo
    return `ws://127.0.0.1:${port}`
  }

  /** For workers that share this process' network: by the Unix socket, which takes the kernel half as long, if there is one. */
  get nearUrl(): string {
    return this.#unixServer === undefined ? this.url : `ws+unix://${this.#unixName}`
  }

  async close(): Promise<void> {
    const closed = this.#servers.map((server) => once(server, 'close'))
    for (const server of this.#servers) {
      server.close()
      server.closeAllConnections()
    }
    this.#greeter.close()
    await Promise.all(closed)
  }
}
