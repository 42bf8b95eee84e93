/** Attempts after a failure: how long to wait before each, and a function that makes them. */

import { type Duration, describe, durationMs } from '@dialback/protocol'
import { type Clock, systemClock } from './clock.ts'

export interface BackOffOptions {
  /** How many delays, a whole number of at least 0. @default 1 */
  readonly n?: number | undefined
  /** @default 0.05 */
  readonly firstDelay?: Duration | undefined
  /** No delay is longer. @default 10 */
  readonly maxDelay?: Duration | undefined
  /** What a delay is of the one before, at least 0. @default 5 */
  readonly factor?: number | undefined
  /** Each factor is varied by up to this share of it, between 0 and 1. @default 0.1 */
  readonly jitter?: number | undefined
}

export interface RetryOptions {
  /** How long to wait before each further attempt. @default exponentialBackOff() */
  readonly delays?: Iterable<Duration> | undefined
  /**
   * Whether another attempt is worth while, given what the `attempt`th one (from 1) threw.
   *
   * @default () => true
   */
  readonly check?: ((error: unknown, state: { readonly attempt: number }) => boolean) | undefined
}

const backOffDefaults = { n: 1, firstDelay: 0.05, maxDelay: 10, factor: 5, jitter: 0.1 }

/** More delays than this are taken for an iterable that never ends. */
const maxDelays = 100_000

/**
 * Gives `n` delays in seconds that grow by a factor, for `retryDelays` and `retry`. Source: Distributed's
 * companion in Julia's `base/error.jl`, `ExponentialBackOff`.
 *
 * @throws {TypeError | RangeError} that repeats an unknown option or a bad value.
 * @example
 * await pmap(download, urls, { retryDelays: exponentialBackOff({ n: 5, firstDelay: '100ms' }) })
 */
export function exponentialBackOff(
  options: BackOffOptions = {},
  random: () => number = Math.random,
): number[] {
  checkKeys('exponentialBackOff', options, Object.keys(backOffDefaults))
  const n = checkRange('n', options.n ?? backOffDefaults.n, maxDelays)
  if (!Number.isInteger(n)) throw new RangeError(`n must be a whole number: ${describe(n)}`)
  const factor = checkRange('factor', options.factor ?? backOffDefaults.factor, Number.MAX_VALUE)
  const jitter = checkRange('jitter', options.jitter ?? backOffDefaults.jitter, 1)
  const maxDelayMs = durationMs(options.maxDelay ?? backOffDefaults.maxDelay, 'maxDelay')
  let delayMs = durationMs(options.firstDelay ?? backOffDefaults.firstDelay, 'firstDelay')
  return Array.from({ length: n }, () => {
    const cappedMs = Math.min(delayMs, maxDelayMs)
    delayMs = cappedMs * factor * (1 - jitter + 2 * jitter * random())
    return cappedMs / 1_000
  })
}

/**
 * Makes a function that calls `fn` again after it threw or rejected, once for each delay; then it rejects
 * with what the last attempt threw. Its arguments are the same objects in each attempt.
 *
 * @throws {TypeError | RangeError} that repeats an unknown option or a bad value.
 * @example
 * const robustFetch = retry(fetch, { delays: [0.1, '1s'], check: (error) => error instanceof TypeError })
 * await robustFetch('https://example.org')
 */
export function retry<A extends unknown[], R>(
  fn: (...args: A) => R,
  options: RetryOptions = {},
  clock: Clock = systemClock,
): (...args: A) => Promise<Awaited<R>> {
  if (typeof fn !== 'function') throw new TypeError(`fn must be a function: ${describe(fn)}`)
  checkKeys('retry', options, ['delays', 'check'])
  const { check } = options
  if (check !== undefined && typeof check !== 'function') {
    throw new TypeError(`check must be a function: ${describe(check)}`)
  }
  const waits = delaysMs(options.delays ?? exponentialBackOff(), 'delays')
  return async (...args): Promise<Awaited<R>> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await fn(...args)
      } catch (error) {
        const waitMs = waits[attempt - 1]
        if (waitMs === undefined) throw error
        if (check !== undefined && !verdict(check(error, { attempt }), 'check')) throw error
        if (waitMs > 0) await new Promise<void>((resolve) => clock.after(waitMs, resolve))
      }
    }
  }
}

/** Reads delays in ms. @throws {TypeError | RangeError} that repeats what is not a duration. */
export function delaysMs(delays: unknown, name: string): number[] {
  if (typeof delays !== 'object' || delays === null || !isIterable(delays)) {
    throw new TypeError(`${name} must be an iterable of durations: ${describe(delays)}`)
  }
  const list: number[] = []
  for (const delay of delays) {
    if (list.length === maxDelays) {
      throw new RangeError(`${name} must come to an end: more than ${maxDelays} delays received`)
    }
    list.push(durationMs(delay, `${name}[${list.length}]`))
  }
  return list
}

/** What a check answered. @throws {TypeError} for a promise, which would always mean yes. */
export function verdict(answer: unknown, name: string): boolean {
  if (answer instanceof Promise) {
    // Its rejection is no news any more.
    answer.catch(() => {})
    throw new TypeError(`${name} must return a boolean, not a promise`)
  }
  return Boolean(answer)
}

function isIterable(value: object): value is Iterable<unknown> {
  return typeof Reflect.get(value, Symbol.iterator) === 'function'
}

function checkKeys(name: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`options of ${name} must be an object: ${describe(options)}`)
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key))
      throw new TypeError(`Unknown option of ${name}: '${key}' (known: ${known.join(', ')})`)
  }
}

function checkRange(name: string, value: unknown, max: number): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number: ${describe(value)}`)
  if (value >= 0 && value <= max) return value
  throw new RangeError(`${name} must be between 0 and ${max}: ${describe(value)}`)
}
