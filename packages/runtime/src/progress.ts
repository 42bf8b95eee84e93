/** Says how far a collection has come, ten times a second at most. */

import type { Clock } from './clock.ts'
import { type CollectionHost, clockOf } from './collection-host.ts'
import { progressBar } from './progress-bar.ts'

export interface Progress {
  /** Items that have a value, without those in `failed`. */
  readonly done: number
  /** Items that failed for good; `onError` gave their value. */
  readonly failed: number
  /** Items that are with a worker, or wait for another attempt. */
  readonly running: number
  /** How many there are in all, when the input says so. */
  readonly total?: number
  readonly elapsedMs: number
  /** Finished items, failed ones included, per second since the start. */
  readonly ratePerSecond: number
  /** How long the rest will take at that rate, when `total` is known and something is finished. */
  readonly etaMs?: number
}

/** What is counted: the meter's owner writes it. */
export interface ProgressCounts {
  readonly done: number
  readonly failed: number
  readonly running: number
  readonly total: number | undefined
}

const intervalMs = 100

/**
 * Begins to show progress as the option asks for; undefined when nobody would see it. `onError` is told what
 * the user's function throws.
 */
export function startProgress(
  { host, verb, option, onError }: ProgressSetup,
  count: () => ProgressCounts,
): ProgressMeter | undefined {
  const show = option === true ? progressBar(verb, host.terminal ?? process.stderr) : option
  return show ? new ProgressMeter(show, count, clockOf(host), onError) : undefined
}

interface ProgressSetup {
  readonly host: CollectionHost
  readonly verb: string
  readonly option: boolean | ((progress: Progress) => void)
  readonly onError: (error: unknown) => void
}

export class ProgressMeter {
  readonly #show: (progress: Progress, isFinal: boolean) => void
  readonly #count: () => ProgressCounts
  readonly #clock: Clock
  readonly #onError: (error: unknown) => void
  readonly #startedAt: number
  #shownAt: number
  #cancelTimer: (() => void) | undefined
  #isFinished = false

  /** `onError` is told what `show` throws. */
  constructor(
    show: (progress: Progress, isFinal: boolean) => void,
    count: () => ProgressCounts,
    clock: Clock,
    onError: (error: unknown) => void,
  ) {
    this.#show = show
    this.#count = count
    this.#clock = clock
    this.#onError = onError
    this.#startedAt = clock.now()
    this.#shownAt = this.#startedAt - intervalMs
  }

  /** Something has changed: shows it now or as soon as that is allowed again. */
  update(): void {
    if (this.#isFinished || this.#cancelTimer !== undefined) return
    const waitMs = this.#shownAt + intervalMs - this.#clock.now()
    if (waitMs > 0) this.#cancelTimer = this.#clock.after(waitMs, () => this.#showNow(false))
    else this.#showNow(false)
  }

  /** Shows how it ended, once. */
  finish(): void {
    if (this.#isFinished) return
    this.#isFinished = true
    this.#showNow(true)
  }

  #showNow(isFinal: boolean): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    const now = this.#clock.now()
    this.#shownAt = now
    try {
      this.#show(progressOf(this.#count(), now - this.#startedAt), isFinal)
    } catch (error) {
      this.#onError(error)
    }
  }
}

/** Works out rate and remaining time. */
export function progressOf(counts: ProgressCounts, elapsedMs: number): Progress {
  const { done, failed, running, total } = counts
  const finished = done + failed
  const ratePerSecond = elapsedMs > 0 ? (finished * 1_000) / elapsedMs : 0
  return {
    done,
    failed,
    running,
    ...(total !== undefined && { total }),
    elapsedMs,
    ratePerSecond,
    ...(total !== undefined && finished > 0 && { etaMs: ((total - finished) * elapsedMs) / finished }),
  }
}
