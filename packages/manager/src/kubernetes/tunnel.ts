/** The manager's end of the tunnel: one stream to the relay, opened again whenever it breaks. */

import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import {
  AuthenticationError,
  decodeRelayMessage,
  encodeRelayMessage,
  type Probe,
  type ProbeResult,
  ProtocolError,
  proveAsManager,
  TunnelMux,
} from '@dialback/protocol'
import type { Logger } from '../logger.ts'
import { KubeError, type KubeErrorKind } from './kube-error.ts'
import type { PortForward } from './port-forward.ts'
import { RelayError } from './relay-error.ts'

export interface TunnelOptions {
  /** Opens a stream to the relay. */
  readonly open: (signal: AbortSignal) => Promise<PortForward>
  readonly token: string
  /** Takes a connection that a worker made to the relay. */
  readonly accept: (connection: Duplex) => void
  readonly logger: Logger
  /** The relay is gone for good: there will be no tunnel any more. */
  readonly lost: (reason: string) => void
}

const firstRetryMs = 100
const longestRetryMs = 2_000
/** For the API server, the node and the relay to answer. */
const openTimeoutMs = 15_000
/** The relay waits for each address for 2 s. */
const probeTimeoutMs = 10_000
const goodbyeMs = 1_000

export class Tunnel implements AsyncDisposable {
  readonly #options: TunnelOptions
  readonly #ended = new AbortController()
  #mux: TunnelMux | undefined
  #forward: PortForward | undefined
  #isHeld = false
  #closed: PromiseWithResolvers<string> = Promise.withResolvers()
  #closing: Promise<void> | undefined
  #probed: ((results: readonly ProbeResult[]) => void) | undefined

  /**
   * Opens the tunnel, trying again while the relay is on its way.
   *
   * @throws {KubeError} when the API server refuses; {AuthenticationError}; the reason of `signal`.
   */
  static async open(options: TunnelOptions, signal: AbortSignal): Promise<Tunnel> {
    const tunnel = new Tunnel(options)
    await tunnel.#connect(signal)
    void tunnel.#keep()
    return tunnel
  }

  private constructor(options: TunnelOptions) {
    this.#options = options
  }

  /** Whether the tunnel keeps this process alive. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld
    this.#forward?.hold(isHeld)
  }

  /** Asks the relay which addresses lead to whoever has `certificate`. @throws the reason of `signal`, {Error} when it does not answer. */
  async probe({ addresses, certificate }: Omit<Probe, 'type'>): Promise<readonly ProbeResult[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly ProbeResult[]>()
    this.#probed = resolve
    this.#mux?.send(encodeRelayMessage({ type: 'probe', addresses, certificate }))
    const timer = setTimeout(
      () => reject(new Error(`The relay did not answer a probe within ${probeTimeoutMs / 1_000} s`)),
      probeTimeoutMs,
    )
    return await promise.finally(() => clearTimeout(timer))
  }

  /** Tells the relay to end, and closes the tunnel. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close()
    await this.#closing
  }

  async #close(): Promise<void> {
    this.#ended.abort(new Error('The tunnel was closed'))
    const mux = this.#mux
    if (mux === undefined) return
    this.hold(true)
    mux.send(encodeRelayMessage({ type: 'goodbye' }))
    const timer = setTimeout(() => mux.close('the relay did not hear the goodbye'), goodbyeMs)
    await this.#closed.promise
    clearTimeout(timer)
  }

  /** Until the tunnel is closed or the relay is gone. */
  async #keep(): Promise<void> {
    const { signal } = this.#ended
    const { logger, lost } = this.#options
    for (;;) {
      const reason = await this.#closed.promise
      if (signal.aborted) return
      logger.info(`The tunnel broke: ${reason}; opening it again`)
      const brokeAt = performance.now()
      try {
        await this.#connect(signal)
        logger.info(`The tunnel stands again after ${Math.round(performance.now() - brokeAt)} ms`)
      } catch (error) {
        if (signal.aborted) return
        const why = error instanceof Error ? error.message : String(error)
        logger.error(`The tunnel is lost: ${why}`)
        lost(why)
        return
      }
    }
  }

  async #connect(signal: AbortSignal): Promise<void> {
    for (let waitMs = firstRetryMs; ; waitMs = Math.min(2 * waitMs, longestRetryMs)) {
      const once = AbortSignal.any([signal, AbortSignal.timeout(openTimeoutMs)])
      try {
        await this.#connectOnce(once)
        return
      } catch (error) {
        signal.throwIfAborted()
        if (isFinal(error)) throw error
        this.#options.logger.debug('Cannot open the tunnel yet', { reason: String(error) })
        // With jitter: after a failure of the API server everybody comes at once.
        await delay(waitMs * (0.5 + Math.random()), undefined, { signal })
      }
    }
  }

  async #connectOnce(signal: AbortSignal): Promise<void> {
    const forward = await this.#options.open(signal)
    const { stream } = forward
    let failure: Error | undefined
    stream.on('error', (error) => {
      failure = error
    })
    try {
      await proveAsManager({ stream, token: this.#options.token, signal })
    } catch (error) {
      stream.destroy()
      // Why it broke tells more than that it did.
      throw failure ?? error
    }
    this.#attach(forward)
  }

  #attach(forward: PortForward): void {
    this.#closed = Promise.withResolvers()
    const { resolve } = this.#closed
    this.#forward = forward
    forward.hold(this.#isHeld)
    const mux = new TunnelMux({
      stream: forward.stream,
      accept: this.#options.accept,
      message: (bytes) => this.#hear(mux, bytes),
      closed: (reason) => {
        this.#mux = undefined
        this.#forward = undefined
        resolve(reason)
      },
    })
    this.#mux = mux
  }

  #hear(mux: TunnelMux, bytes: Uint8Array): void {
    try {
      const message = decodeRelayMessage(bytes)
      if (message.type === 'probed') this.#probed?.(message.results)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      mux.close(error.message)
    }
  }
}

const finalKinds: ReadonlySet<KubeErrorKind> = new Set([
  'unauthorized',
  'forbidden',
  'denied',
  'namespaceNotFound',
])

/** What trying again does not change: a relay with another token, one that is gone for good, a right that is missing. */
function isFinal(error: unknown): boolean {
  if (error instanceof AuthenticationError || error instanceof RelayError) return true
  return error instanceof KubeError && finalKinds.has(error.kind)
}
