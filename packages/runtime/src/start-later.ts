/** A call that starts once something else is there. */

import { type Encoded, NotLoaded } from './body-encoder.ts'
import type { CallInput, StartedCall } from './caller.ts'
import { inOwnMemory } from './own-memory.ts'

/** `failed` is told what it rejects with: a call that nobody waits for does not fail once it was sent. */
export function startLater(started: Promise<StartedCall>, failed: (error: unknown) => void): StartedCall {
  const result = started.then((call) => call.result)
  result.catch(failed)
  return {
    result,
    recall: () => started.then((call) => call.recall()),
    cancel: (reason) => void started.then((call) => call.cancel(reason), ignore),
  }
}

/** What the call is given, as it is now; a function in that cannot be told before shipping is loaded. */
export function asOfNow(input: CallInput, encode: () => Encoded): CallInput {
  if (input.kind === 'batch' || input.encoded !== undefined) return input
  try {
    return { ...input, encoded: inOwnMemory(encode()) }
  } catch (error) {
    if (error instanceof NotLoaded) return input
    throw error
  }
}

function ignore(): void {}
