/** Which refusals are worth another try, after how long, and for how long altogether. */

import { type Clock, systemClock } from '@dialback/runtime'
import { KubeError } from './kube-error.ts'

export interface RetrySettings {
  readonly clock: Clock
  /** From 0 up to 1. */
  readonly random: () => number
}

export const retryDefaults: RetrySettings = { clock: systemClock, random: Math.random }

export interface RetryCall extends RetrySettings {
  readonly signal?: AbortSignal | undefined
  /** How long an API server that does not answer is tried. */
  readonly unreachableMs: number
}

const firstDelayMs = 100
const maxDelayMs = 5_000
/** A busy API server (429) is waited for; a broken one (5xx) less. */
const busyBoundMs = 120_000
const brokenBoundMs = 20_000

/**
 * Pure: after how many ms the next try is due, or undefined when the error stands.
 *
 * @param attempt how many were made, ≥ 1.
 * @param random from 0 up to 1: without it all that failed together would come again together.
 */
export function retryDelayMs(error: KubeError, attempt: number, random: number): number | undefined {
  const { kind, retryAfterMs } = error
  if (kind !== 'tooManyRequests' && kind !== 'server' && kind !== 'unreachable') return undefined
  const backOffMs = Math.min(maxDelayMs, firstDelayMs * 2 ** (attempt - 1)) * (0.5 + random / 2)
  // Those that were told the same time do not all come at it; and 0 is no time.
  return Math.max(backOffMs, (retryAfterMs ?? 0) * (1 + random / 4))
}

/** Runs `attempt` until it succeeds, fails for good, or its time is over; rejects with its last error. */
export async function withRetries<T>(attempt: (count: number) => Promise<T>, call: RetryCall): Promise<T> {
  const startedAt = call.clock.now()
  for (let count = 1; ; count++) {
    call.signal?.throwIfAborted()
    try {
      return await attempt(count)
    } catch (error) {
      const delayMs = error instanceof KubeError ? retryDelayMs(error, count, call.random()) : undefined
      if (!(error instanceof KubeError) || delayMs === undefined) throw error
      const spentMs = call.clock.now() - startedAt
      if (spentMs + delayMs > boundMs(error, call)) throw error
      await pause(delayMs, call)
    }
  }
}

function boundMs({ kind }: KubeError, { unreachableMs }: RetryCall): number {
  if (kind === 'tooManyRequests') return busyBoundMs
  return kind === 'unreachable' ? unreachableMs : brokenBoundMs
}

/** Resolves after `ms`; rejects with the signal's reason when that fires first. */
export async function pause(
  ms: number,
  { clock, signal }: { readonly clock: Clock; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  signal?.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const abort = (): void => reject(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  const cancel = clock.after(ms, resolve)
  try {
    await promise
  } finally {
    cancel()
    signal?.removeEventListener('abort', abort)
  }
}
