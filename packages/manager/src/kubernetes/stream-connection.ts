/** One HTTP/2 connection to the API server, which closes with the last of its streams. */

import type { ClientHttp2Session, IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '@dialback/runtime'
import { answerTimeoutMs, type HttpAnswer, NoAnswerError } from './http-answer.ts'
import { unheldClock } from './unheld-clock.ts'

export interface StreamRequest {
  /** From the root of the API server, with its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly signal: AbortSignal | undefined
}

type Head = IncomingHttpHeaders & IncomingHttpStatusHeader

/** What servers are asked to take (RFC 9113 §6.5.2). As many have to be opened again when a connection breaks. */
const mostStreams = 100
/**
 * Nothing else shows soon that the network has dropped a connection, as when a VPN has dialled anew: to whatever is asked for over it
 * the answer would be awaited in vain for a quarter of an hour.
 */
const pingEveryMs = 10_000
const pongMs = 5_000

export class StreamConnection {
  readonly #session: ClientHttp2Session
  readonly #authority: string
  #streams = 0
  /** Streams that keep the process alive. */
  #held = 0

  /** Gives it once the server has told how much it takes. @throws what broke `socket`, or an error when it closed. */
  static async open(origin: URL, socket: TLSSocket, clock: Clock = unheldClock): Promise<StreamConnection> {
    // Takes a while to load: not before there is something to follow.
    const { connect } = process.getBuiltinModule('node:http2')
    const session = connect(origin, { createConnection: () => socket })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    session.once('remoteSettings', () => resolve())
    // Later on its streams break with it, and tell who reads them.
    session.on('error', reject)
    session.once('close', () => reject(brokenOff()))
    await promise
    return new StreamConnection(session, origin.host, clock)
  }

  private constructor(session: ClientHttp2Session, authority: string, clock: Clock) {
    this.#session = session
    this.#authority = authority
    session.unref()
    this.#ping(clock)
  }

  /** Calls back when nothing can be asked for over it any more. */
  onClose(callback: () => void): void {
    this.#session.once('close', callback)
  }

  get hasRoom(): boolean {
    const { closed, destroyed, remoteSettings } = this.#session
    if (closed || destroyed) return false
    return this.#streams < Math.min(mostStreams, remoteSettings.maxConcurrentStreams ?? mostStreams)
  }

  /** Gives the answer as soon as its head has come. @throws what broke the connection; `signal.reason` when it fired. */
  async request({ path, headers, signal }: StreamRequest): Promise<HttpAnswer> {
    // Node's own lacks the brackets around an address of IPv6.
    const pseudo = { ':authority': this.#authority, ':path': path }
    const body = this.#session.request({ ...headers, ...pseudo }, { ...(signal && { signal }) })
    this.#streams += 1
    const hold = this.#holder()
    hold(true)
    const { promise, resolve, reject } = Promise.withResolvers<Head>()
    const timer = setTimeout(() => body.destroy(new NoAnswerError()), answerTimeoutMs)
    body.once('response', resolve)
    body.on('error', (error) => reject(signal?.aborted ? signal.reason : error))
    body.once('close', () => {
      hold(false)
      this.#streams -= 1
      if (this.#streams === 0) this.#session.close()
      reject(brokenOff())
    })
    const head = await promise.finally(() => clearTimeout(timer))
    return {
      status: head[':status'] ?? 0,
      retryAfter: head['retry-after'],
      body,
      hold,
      get isWhole() {
        // Node ends what broke off in the same way, but for this.
        return body.readableEnded && body.rstCode === 0
      },
    }
  }

  /** Now and then, until the connection closes; one that does not answer is closed. */
  #ping(clock: Clock): void {
    const session = this.#session
    let isAwaited = false
    // Where this process itself was busy, the answer may be there, unread.
    const judge = (): void => void setImmediate(() => isAwaited && session.destroy(brokenOff()))
    let cancel = clock.after(pingEveryMs, () => {
      if (session.destroyed) return
      isAwaited = true
      cancel = clock.after(pongMs, judge)
      session.ping((error) => {
        isAwaited = false
        cancel()
        session.off('close', stop)
        if (error === null && !session.destroyed) this.#ping(clock)
      })
    })
    const stop = (): void => cancel()
    session.once('close', stop)
  }

  #holder(): (isHeld: boolean) => void {
    let wasHeld = false
    return (isHeld) => {
      if (isHeld === wasHeld) return
      wasHeld = isHeld
      this.#held += isHeld ? 1 : -1
      if (this.#session.destroyed) return
      if (this.#held > 0) this.#session.ref()
      else this.#session.unref()
    }
  }
}

function brokenOff(): Error {
  return new Error('the connection broke off')
}
