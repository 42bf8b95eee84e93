/** Pings the other side and says when it has been silent for too long. */

export interface HeartbeatOptions {
  readonly intervalMs: number
  readonly silenceLimitMs: number
  /** When something last arrived, in ms of the same clock as `now`. */
  readonly lastReceivedAt: () => number
  readonly now: () => number
  readonly ping: () => void
  /** Called once per silence; the other side has said nothing for `silenceLimitMs`. */
  readonly silent: () => void
}

export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #timer: NodeJS.Timeout
  #lastTickAt: number
  #isSilent = false

  constructor(options: HeartbeatOptions) {
    this.#options = options
    this.#lastTickAt = options.now()
    this.#timer = setInterval(() => this.#tick(), options.intervalMs)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #tick(): void {
    const { now, lastReceivedAt, silenceLimitMs, intervalMs, ping, silent } = this.#options
    const sinceTick = now() - this.#lastTickAt
    this.#lastTickAt = now()
    ping()
    // When this process itself slept or was busy, what arrived meanwhile has not been read yet: judge at the next tick.
    if (sinceTick > 2 * intervalMs) return
    const wasSilent = this.#isSilent
    this.#isSilent = now() - lastReceivedAt() > silenceLimitMs
    if (this.#isSilent && !wasSilent) silent()
  }
}
