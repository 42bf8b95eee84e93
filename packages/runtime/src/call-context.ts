/** What a running function can ask about its own call. */

import { AsyncLocalStorage } from 'node:async_hooks'
import type { Peer } from './peer.ts'

export class RunningCall {
  readonly id: number
  /** Of the cluster that the call is one of: this process may be in several. */
  readonly peer: Peer | undefined
  #controller: AbortController | undefined
  #reason: { readonly value: unknown } | undefined

  constructor(id: number, peer: Peer | undefined) {
    this.id = id
    this.peer = peer
  }

  /** Created when first asked for: most functions never do. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason.value)
    }
    return this.#controller.signal
  }

  get isAborted(): boolean {
    return this.#reason !== undefined
  }

  abort(reason: unknown): void {
    this.#reason ??= { value: reason }
    this.#controller?.abort(reason)
  }
}

export const runningCall: AsyncLocalStorage<RunningCall> = new AsyncLocalStorage<RunningCall>()

/**
 * Gives the signal that fires when the call that is running here is cancelled or interrupted; outside of a remote call,
 * one that never fires.
 *
 * @example
 * await pmap((url: string) => fetch(url, { signal: callSignal() }).then((r) => r.status), urls)
 */
export function callSignal(): AbortSignal {
  return runningCall.getStore()?.signal ?? new AbortController().signal
}
