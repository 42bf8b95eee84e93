/** A connection to the manager that dials again when it breaks and goes on where it was. */

import { setTimeout as delay } from 'node:timers/promises'
import {
  DialbackError,
  type EncodedBody,
  idsPerRange,
  Mailbox,
  type Message,
  monotonicMs,
  type Opening,
  SharedMemory,
  SharedMemoryReader,
  type Welcome,
} from '@dialback/protocol'
import { type Credentials, type Dialed, type DialOptions, dial } from './dial.ts'

export interface ConnectionOptions {
  readonly credentials: Credentials
  readonly connection: string
  /** See `Settings`. */
  readonly isRemote: boolean
  readonly patienceMs: number
  /** For the first attempt; see `Settings`. */
  readonly opening: Opening | undefined
  /** Told once, when the manager cannot be reached for a while: why. It goes on dialling. */
  readonly waits?: (why: string) => void
  readonly message: (message: Message, body: EncodedBody, mailbox: Mailbox) => void
  /** The manager is gone for good, or broke the protocol. */
  readonly lost: (reason: string) => void
}

const firstRetryMs = 50
const longestRetryMs = 1_000
/** A manager that comes up just now is not worth a line. */
const usualMs = 2_000
/** What was dialled may be gone without a sign, and another be there by now: several tries have to fit into the silence limit. */
const redialTimeoutMs = 3_000

export class Connection {
  readonly mailbox: Mailbox
  readonly welcome: Welcome
  readonly #options: ConnectionOptions
  readonly #memory: SharedMemory | undefined
  #lastId: number
  #isClosed = false

  /** @throws what `dial` throws. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const { credentials, connection, isRemote, opening } = options
    // From elsewhere it could not be shared: it would have to join twice.
    const memory = isRemote ? undefined : SharedMemory.create()
    const first = { credentials, connection, received: 0 }
    let dialed = await dialPatiently({ ...first, memory: memory?.probe, opening }, options)
    const { memory: probe } = dialed.welcome
    const isShared = memory !== undefined && probe !== undefined && SharedMemoryReader.canReach(probe)
    if (memory !== undefined && !isShared) {
      // Sharing must work both ways: join again without it.
      dialed.transport.terminate()
      dialed = await dialPatiently({ ...first, memory: undefined }, options)
    }
    return new Connection(options, dialed, isShared ? memory : undefined)
  }

  private constructor(
    options: ConnectionOptions,
    { transport, welcome }: Dialed,
    memory: SharedMemory | undefined,
  ) {
    this.#options = options
    this.#memory = memory
    this.welcome = welcome
    this.#lastId = welcome.idRange * idsPerRange
    this.mailbox = new Mailbox({
      nextStream: () => this.nextId(),
      memory,
      events: {
        message: (message, body) => {
          // The process ends: to dial again until it has would only be taken for a stranger's attempt.
          if (message.type === 'goodbye') this.#isClosed = true
          options.message(message, body, this.mailbox)
        },
        detached: (reason) => void this.#redial(reason),
        violated: (error) => this.#lose(error.message),
      },
    })
    this.mailbox.link.attach(transport, welcome.received)
  }

  /** The next id of this connection's own range. */
  nextId(): number {
    this.#lastId += 1
    return this.#lastId
  }

  /** Sends what waits and ends the connection for good. */
  close(reason: string): void {
    this.#isClosed = true
    this.mailbox.link.close(reason)
  }

  async #redial(reason: string): Promise<void> {
    const giveUpAt = monotonicMs() + this.welcome.silenceLimitMs
    for (let waitMs = firstRetryMs; !this.#isClosed; waitMs = Math.min(2 * waitMs, longestRetryMs)) {
      // Also before the first time: it may be the process that is ending, not the network.
      await delay(waitMs)
      try {
        const { credentials, connection } = this.#options
        const received = this.mailbox.link.received
        const { transport, welcome } = await dial({
          credentials,
          connection,
          received,
          memory: this.#memory?.probe,
          timeoutMs: redialTimeoutMs,
        })
        this.mailbox.link.attach(transport, welcome.received)
        return
      } catch (error) {
        if (error instanceof DialbackError) return this.#lose(error.message)
        if (monotonicMs() > giveUpAt) return this.#lose(reason)
      }
    }
  }

  #lose(reason: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.mailbox.destroy()
    this.#options.lost(reason)
  }
}

/** Dials until the manager answers, be it with a refusal. @throws the last failure when time is up. */
async function dialPatiently(
  options: DialOptions,
  { patienceMs, waits }: ConnectionOptions,
): Promise<Dialed> {
  const startedAt = monotonicMs()
  const giveUpAt = startedAt + patienceMs
  let tell = waits
  let { opening } = options
  for (let waitMs = firstRetryMs; ; waitMs = Math.min(2 * waitMs, longestRetryMs)) {
    try {
      return await dial({ ...options, opening })
    } catch (error) {
      opening = undefined
      if (error instanceof DialbackError || monotonicMs() + waitMs > giveUpAt) throw error
      if (monotonicMs() - startedAt >= usualMs) {
        tell?.(`cannot reach the manager at ${options.credentials.url} yet: ${reasonOf(error)}`)
        tell = undefined
      }
    }
    await delay(waitMs)
  }
}

/** Where a name has several addresses, the error of all of them has a code and no message. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message || String(Reflect.get(error, 'code') ?? error.name)
}
