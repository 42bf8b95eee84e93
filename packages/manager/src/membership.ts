/** Who is in the cluster: workers that are joining, live ones, and how those that are gone ended. */

import { type WorkerExit, WorkerTerminatedError } from '@dialback/protocol'
import type { RemoteWorker } from './remote-worker.ts'

/** Of so many losses, the latest, all is kept that is known: logs and status of one may take 100 KB. */
const wholeLosses = 64
/** Of those before it is kept how they ended, in less than 1 KB; of more than this only that they did. */
const knownLosses = 65_536
/** So many of those that are gone may not have heard of it yet, and dial again. */
const knownTokens = 1_024

export class Membership {
  readonly #workers = new Map<number, RemoteWorker>()
  readonly #byName = new Map<string, RemoteWorker>()
  /** The latest losses, oldest first. */
  readonly #losses = new Map<number, WorkerTerminatedError>()
  /** How those before them ended, oldest first. */
  readonly #exits = new Map<number, WorkerExit>()
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

  /** Those of these ids that are not gone; with the last of the live ones also those that fell silent, whose end is still to come. */
  removable(ids: readonly number[]): RemoteWorker[] {
    const asked = new Set(ids)
    const isLast = this.all.every(({ id, exit }) => asked.has(id) || exit !== undefined)
    return this.all.filter(({ id, isSilent }) => asked.has(id) || (isLast && isSilent))
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
    this.#exits.set(worker.id, inShort(exit))
    dropOldest(this.#losses, wholeLosses)
    dropOldest(this.#exits, knownLosses)
    this.leave(worker.id)
    return error
  }

  /** How a lost worker has really ended, which was told later. */
  learn(id: number, exit: WorkerExit): void {
    if (this.#losses.has(id)) this.#losses.set(id, new WorkerTerminatedError(id, exit))
    if (this.#exits.has(id)) this.#exits.set(id, inShort(exit))
  }

  forget(worker: RemoteWorker): void {
    this.#workers.delete(worker.id)
    this.#byName.delete(worker.name)
    this.#formerTokens.set(worker.name, worker.token)
    dropOldest(this.#formerTokens, knownTokens)
  }

  /** The token of a worker that is lost, also when nothing is left of it; undefined of one that is not. */
  formerToken(name: string): string | undefined {
    const worker = this.#byName.get(name)
    if (worker === undefined) return this.#formerTokens.get(name)
    return worker.exit === undefined ? undefined : worker.token
  }

  /** How a worker ended; undefined when it has not. @throws {RangeError} naming an id that never was. */
  lossOf(id: number): WorkerTerminatedError | undefined {
    const loss = this.#losses.get(id)
    if (loss !== undefined || id === 1) return loss
    const exit = this.#exits.get(id)
    if (exit !== undefined) return new WorkerTerminatedError(id, exit)
    if (this.#workers.has(id)) return undefined
    if (id > 1 && id <= this.#lastId)
      return new WorkerTerminatedError(id, { reason: 'Unknown', detail: 'long ago', blame: 'unknown' })
    throw new RangeError(`No process has the id ${id} (there are ${[1, ...this.#live].join(', ')})`)
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }
}

/** Without logs, status and timeline. */
function inShort(exit: WorkerExit): WorkerExit {
  const { logs: _, status: __, timeline: ___, ...short } = exit
  return short
}

function dropOldest<K>(map: Map<K, unknown>, most: number): void {
  const [oldest] = map.size > most ? map.keys() : []
  if (oldest !== undefined) map.delete(oldest)
}
