/** Who is in the cluster: workers that are joining, live ones, and how those that are gone ended. */

import { type WorkerExit, WorkerTerminatedError } from '@dialback/protocol'
import type { RemoteWorker } from './remote-worker.ts'

/** Of so many losses, the latest, all is kept that is known: logs and status of one may be large. */
const wholeLosses = 256
/** Of those before it is kept how they ended; of more than this only that they did. */
const knownLosses = 65_536
/** So many of those that are gone may not have heard of it yet, and dial again. */
const knownTokens = 1_024

export class Membership {
  readonly #workers = new Map<number, RemoteWorker>()
  readonly #byName = new Map<string, RemoteWorker>()
  readonly #losses = new Map<number, WorkerTerminatedError>()
  /** Ids of those that are kept whole, oldest first. */
  readonly #whole: number[] = []
  /** Tokens of those that are gone, by name, oldest first. */
  readonly #formerTokens = new Map<string, string>()
  readonly #listeners = new Set<() => void>()
  #live: readonly number[] = []
  /** The manager is 1; ids are never used again. */
  #lastId = 1

  /** Ids of live workers, sorted. */
  get live(): readonly number[] {
    return this.#live
  }

  get nextId(): number {
    return this.#lastId + 1
  }

  takeId(): number {
    this.#lastId += 1
    return this.#lastId
  }

  /** All that are not gone, joining ones included. */
  get all(): RemoteWorker[] {
    return [...this.#workers.values()]
  }

  get(id: number): RemoteWorker | undefined {
    return this.#workers.get(id)
  }

  /** One that is not lost: until its process has ended, a lost one is still known. */
  running(id: number): RemoteWorker | undefined {
    const worker = this.#workers.get(id)
    return worker?.exit === undefined ? worker : undefined
  }

  isLive(id: number): boolean {
    return this.#live.includes(id)
  }

  named(name: string): RemoteWorker | undefined {
    return this.#byName.get(name)
  }

  add(worker: RemoteWorker): void {
    this.#workers.set(worker.id, worker)
    this.#byName.set(worker.name, worker)
  }

  join(id: number): void {
    this.#live = [...this.#live, id].toSorted((a, b) => a - b)
    this.#changed()
  }

  /** Takes a worker out of `live`, although it has not ended yet. */
  leave(id: number): void {
    if (!this.isLive(id)) return
    this.#live = this.#live.filter((other) => other !== id)
    this.#changed()
  }

  lose(worker: RemoteWorker, exit: WorkerExit): WorkerTerminatedError {
    const error = new WorkerTerminatedError(worker.id, exit)
    this.#losses.set(worker.id, error)
    this.#whole.push(worker.id)
    this.#shorten()
    this.leave(worker.id)
    return error
  }

  forget(worker: RemoteWorker): void {
    this.#workers.delete(worker.id)
    this.#byName.delete(worker.name)
    this.#formerTokens.set(worker.name, worker.token)
    const [oldest] = this.#formerTokens.size > knownTokens ? this.#formerTokens.keys() : []
    if (oldest !== undefined) this.#formerTokens.delete(oldest)
  }

  /** The token of a worker that is lost, also when nothing is left of it; undefined of one that is not. */
  formerToken(name: string): string | undefined {
    const worker = this.#byName.get(name)
    if (worker === undefined) return this.#formerTokens.get(name)
    return worker.exit === undefined ? undefined : worker.token
  }

  /** How a worker ended; undefined when it has not. @throws {RangeError} naming an id that never was. */
  lossOf(id: number): WorkerTerminatedError | undefined {
    if (id === 1 || this.#workers.has(id)) return this.#losses.get(id)
    const loss = this.#losses.get(id)
    if (loss !== undefined) return loss
    if (id > 1 && id <= this.#lastId)
      return new WorkerTerminatedError(id, { reason: 'Unknown', detail: 'long ago', blame: 'unknown' })
    throw new RangeError(`No process has the id ${id} (there are ${[1, ...this.#live].join(', ')})`)
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Keeps less of what is long ago. */
  #shorten(): void {
    const id = this.#whole.length > wholeLosses ? this.#whole.shift() : undefined
    const loss = id === undefined ? undefined : this.#losses.get(id)
    if (id !== undefined && loss !== undefined) this.#losses.set(id, withoutDetails(loss))
    const [oldest] = this.#losses.size > knownLosses ? this.#losses.keys() : []
    if (oldest !== undefined) this.#losses.delete(oldest)
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }
}

/** The same loss without logs, status and timeline. */
function withoutDetails(loss: WorkerTerminatedError): WorkerTerminatedError {
  const { workerId, reason, blame, exitCode, signal, advice, pod } = loss
  const short = new WorkerTerminatedError(workerId, {
    reason,
    blame,
    ...(exitCode !== undefined && { exitCode }),
    ...(signal !== undefined && { signal }),
    ...(advice !== undefined && { advice }),
    ...(pod !== undefined && { pod }),
  })
  short.message = loss.message
  return short
}
