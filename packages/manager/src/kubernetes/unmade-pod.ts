/** A worker whose pod was not asked for, because the relay that it would dial does not run. */

import type { WorkerExit } from '@dialback/protocol'
import type { LaunchedWorker } from '../cluster-manager.ts'
import type { RelayError } from './relay-error.ts'

export class UnmadePod implements LaunchedWorker {
  readonly name: string
  readonly threads = 1
  readonly status: object
  readonly waitingFor: string
  readonly exited: Promise<WorkerExit>
  readonly isLate: boolean
  readonly #ended = Promise.withResolvers<WorkerExit>()
  readonly #error: RelayError

  constructor(name: string, error: RelayError) {
    this.name = name
    this.status = error.status
    this.waitingFor = error.why
    this.isLate = error.isLate
    this.exited = this.#ended.promise
    this.#error = error
    if (!error.isLate) this.end()
  }

  end(): void {
    const { reason, message } = this.#error
    this.#ended.resolve({ reason, detail: message, blame: 'configuration' })
  }

  onLine(): void {}

  hold(): void {}
}
