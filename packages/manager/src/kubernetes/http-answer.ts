/** What the API server answers, over whichever version of HTTP. */

import type { Readable } from 'node:stream'

export interface HttpAnswer {
  readonly status: number
  /** As the header has it. */
  readonly retryAfter: string | undefined
  readonly body: Readable
  /** Whether all of it has been read; false of one that broke off. */
  readonly isWhole: boolean
  /** Whether the answer keeps this process alive until it has ended, as it does at first. */
  hold(isHeld: boolean): void
}

/** An API server that takes longer for the head of an answer hangs, or the network does. */
export const answerTimeoutMs = 30_000

export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
  readonly code = 'ETIMEDOUT'

  constructor() {
    super(`no answer within ${answerTimeoutMs / 1_000} s`)
  }
}
