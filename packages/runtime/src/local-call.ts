/** A call of a function in this very process: nothing is copied. */

import { AbortError, RemoteError } from '@dialback/protocol'
import { runBatch } from './batch-run.ts'
import { RunningCall, runningCall } from './call-context.ts'
import type { AnyFunction, CallInput, StartedCall } from './caller.ts'
import type { Peer } from './peer.ts'

export interface LocalCall {
  readonly peer: Peer
  readonly fn: AnyFunction
  readonly input: CallInput
  /** Told what the function threw; absent when the caller hears of it. */
  readonly failed?: ((error: unknown) => void) | undefined
}

/** Starts it in a later microtask, as a call to another process would start later too. */
export function startHere({ peer, fn, input, failed }: LocalCall): StartedCall {
  const running = new RunningCall(peer.nextId(), peer)
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  // Whether somebody waits for it is for the caller to say.
  promise.catch(() => {})
  let isOver = false
  queueMicrotask(() => {
    if (isOver) return
    const run = async (): Promise<unknown> => {
      if (input.kind === 'args') return await Reflect.apply(fn, undefined, [...input.args])
      const { values, thrown } = await runBatch(fn, [input.items, input.firstIndex])
      return { values, failures: thrown.map(([at, error]) => [at, new RemoteError(peer.id, error)]) }
    }
    runningCall.run(running, run).then(resolve, (error: unknown) => {
      failed?.(error)
      reject(new RemoteError(peer.id, error))
    })
  })
  return {
    result: promise,
    recall: () => Promise.resolve(false),
    cancel: (reason) => {
      isOver = true
      running.abort(reason)
      reject(new RemoteError(peer.id, reason ?? new AbortError('Cancelled')))
    },
  }
}
