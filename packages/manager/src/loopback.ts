/** Where workers of this machine dial in: a free port of the loopback interface, without TLS. */

import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Doorkeeper, entranceOptions, Greeter } from './greeter.ts'
import type { Logger } from './logger.ts'

// Not imported: for the namespace of this module Node would read all that it exports, and so load `undici` (50 ms).
const { createServer } = process.getBuiltinModule('node:http')

export class Loopback {
  readonly #server: Server = createServer(entranceOptions)
  readonly #greeter: Greeter

  /** Listens. */
  static async open(doorkeeper: Doorkeeper, logger: () => Logger): Promise<Loopback> {
    const loopback = new Loopback(doorkeeper, logger)
    loopback.#server.listen(0, '127.0.0.1')
    await once(loopback.#server, 'listening')
    loopback.#server.unref()
    return loopback
  }

  private constructor(doorkeeper: Doorkeeper, logger: () => Logger) {
    this.#greeter = new Greeter(doorkeeper, logger)
    this.#greeter.serve(this.#server)
  }

  get url(): string {
    // Listening on TCP, so that the address is no string.
    const { port } = this.#server.address() as AddressInfo
    return `ws://127.0.0.1:${port}`
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    this.#greeter.close()
    await closed
  }
}
