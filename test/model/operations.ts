/** What runs during one sequence of commands: operations, what they may come to, and what has disturbed them. */

import { setTimeout as sleep } from 'node:timers/promises'
import {
  AbortError,
  ChannelClosedError,
  type Cluster,
  ThreadReplacedError,
  WorkerTerminatedError,
} from '@dialback/manager'

/** None may take longer: one that does has not settled. */
const settleLimitMs = 120_000

interface Operation {
  readonly name: string
  /** Settles to what was wrong, or undefined. */
  readonly problem: Promise<string | undefined>
}

export class Operations {
  readonly cluster: Cluster
  readonly #running: Operation[] = []
  /** Workers were ended, so that operations may fail by that. */
  hasLosses = false
  /** Something was interrupted or aborted, so that operations may fail by that. */
  hasAborts = false

  constructor(cluster: Cluster) {
    this.cluster = cluster
  }

  /** Watches over an operation until the end of the sequence. */
  add<R>(name: string, running: Promise<R>, isRight: (value: R) => boolean): void {
    let settlements = 0
    const problem = running.then(
      (value) => {
        settlements += 1
        return isRight(value) ? undefined : `${name} gave ${JSON.stringify(value)}`
      },
      (error: unknown) => {
        settlements += 1
        return this.#explains(error) ? undefined : `${name} failed: ${String(error)}`
      },
    )
    this.#running.push({
      name,
      problem: problem.then((found) => (settlements === 1 ? found : `${name} settled ${settlements} times`)),
    })
  }

  /** Waits until all have settled, and gives what was wrong. */
  async problems(): Promise<string[]> {
    const timer = new AbortController()
    const limit = sleep(settleLimitMs, 'limit', { signal: timer.signal }).catch(() => 'stopped')
    const found = await Promise.all(
      this.#running.map(async ({ name, problem }) => {
        const outcome = await Promise.race([problem, limit])
        return outcome === 'limit' ? `${name} has not settled` : outcome
      }),
    )
    timer.abort()
    return found.filter((problem) => problem !== undefined)
  }

  /** Whether something that was done in this sequence accounts for the failure. */
  #explains(error: unknown): boolean {
    const causes = error instanceof AggregateError ? error.errors : [error]
    return causes.every((each) => {
      for (let cause: unknown = each; cause instanceof Error; cause = cause.cause) {
        if (this.#explainsOne(cause)) return true
      }
      return false
    })
  }

  #explainsOne(cause: Error): boolean {
    // A call ends with the worker that made it, whoever has its future.
    const isOrphan = cause instanceof AbortError && cause.message === 'The caller is gone'
    if (this.hasLosses && (cause instanceof WorkerTerminatedError || isOrphan)) return true
    const isStopped = cause instanceof AbortError || cause instanceof ThreadReplacedError
    if (isStopped && this.hasAborts) return true
    return cause instanceof ChannelClosedError && (this.hasLosses || this.hasAborts)
  }
}
