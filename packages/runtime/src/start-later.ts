/** A call that starts once something else is there. */

import type { StartedCall } from './caller.ts'

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

function ignore(): void {}
