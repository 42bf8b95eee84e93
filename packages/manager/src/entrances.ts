/** The ways in to a cluster, each opened when it is first needed. */

import type { Doorkeeper } from './greeter.ts'
import type { Logger } from './logger.ts'
import { Loopback } from './loopback.ts'
import type { TlsDoor } from './tls-door.ts'

export class Entrances {
  readonly #doorkeeper: Doorkeeper
  readonly #logger: () => Logger
  #loopback: Promise<Loopback> | undefined
  #near: Promise<Loopback> | undefined
  #door: Promise<TlsDoor> | undefined

  constructor(doorkeeper: Doorkeeper, logger: () => Logger) {
    this.#doorkeeper = doorkeeper
    this.#logger = logger
  }

  /** For workers of this machine. */
  async loopback(): Promise<Loopback> {
    this.#loopback ??= unlessItFails(Loopback.open(this.#doorkeeper, this.#logger), () => {
      this.#loopback = undefined
    })
    return await this.#loopback
  }

  /** For workers that share this process' network. */
  async near(): Promise<Loopback> {
    if (process.platform !== 'linux') return await this.loopback()
    this.#near ??= unlessItFails(Loopback.openNear(this.#doorkeeper, this.#logger), () => {
      this.#near = undefined
    })
    return await this.#near
  }

  /** For workers of other machines. */
  async door(): Promise<TlsDoor> {
    this.#door ??= unlessItFails(this.#openDoor(), () => {
      this.#door = undefined
    })
    return await this.#door
  }

  async #openDoor(): Promise<TlsDoor> {
    // TLS takes a while to load.
    const tlsDoor = await import('./tls-door.ts')
    return await tlsDoor.TlsDoor.open(this.#doorkeeper, this.#logger)
  }

  /** Closes what is open; it may be opened again. */
  async close(): Promise<void> {
    const [loopback, near, door] = await Promise.all([this.#loopback, this.#near, this.#door])
    this.#loopback = undefined
    this.#near = undefined
    this.#door = undefined
    await loopback?.close()
    await near?.close()
    await door?.close()
  }
}

/** What cannot be opened now, as for want of file descriptors, is not remembered: it may be the next time. */
function unlessItFails<T>(opening: Promise<T>, forget: () => void): Promise<T> {
  opening.catch(forget)
  return opening
}
