/**
 * One `pmap`, `imap` or `preduce` under way: has its items run, failed ones again, and hands the values on.
 * When it ends before its input, what runs is cancelled and the input closed.
 */

import { AbortError, WorkerTerminatedError } from '@dialback/protocol'
import type { Batch } from './batch.ts'
import type { Deliver } from './batch-format.ts'
import type { StartedCall } from './caller.ts'
import { type CollectionHost, clockOf } from './collection-host.ts'
import type { DispatchWork } from './dispatch-work.ts'
import { Dispatcher } from './dispatcher.ts'
import { FailedItems, type FailureSink } from './failed-items.ts'
import { FunctionCalls } from './function-calls.ts'
import { type ItemSource, openSource, type SourceListener } from './item-source.ts'
import type { Journal } from './journal/journal.ts'
import { JournaledSource } from './journal/journaled-source.ts'
import { Membership } from './membership.ts'
import { type ProgressCounts, type ProgressMeter, startProgress } from './progress.ts'
import { Reruns } from './reruns.ts'
import type { RunSetup } from './run-setup.ts'
import { type Demand, Supply } from './supply.ts'

export class ItemRun implements DispatchWork, SourceListener, FailureSink, Demand {
  readonly #host: CollectionHost
  readonly #setup: RunSetup
  readonly #calls: FunctionCalls
  readonly #membership: Membership
  readonly #dispatcher: Dispatcher
  readonly #reruns: Reruns
  readonly #failures: FailedItems
  readonly #cleanups: (() => void)[] = []
  #supply: Supply | undefined
  #meter: ProgressMeter | undefined
  #journal: Journal | undefined
  #lastLoss: WorkerTerminatedError | undefined
  #done = 0
  #failed = 0
  #isSettled = false

  /** @throws {SerializationError} when the function cannot travel and has to. */
  constructor(host: CollectionHost, setup: RunSetup) {
    this.#host = host
    this.#setup = setup
    this.#membership = new Membership(host, setup.options, setup.verb)
    this.#calls = new FunctionCalls(host, setup)
    if (this.#membership.current().some((id) => id !== host.id)) this.#calls.ship()
    this.#dispatcher = new Dispatcher(this, clockOf(host), host.id)
    this.#reruns = new Reruns(clockOf(host), () => this.resume())
    this.#failures = new FailedItems(setup.options, this.#reruns, this)
  }

  get workerCount(): number {
    return this.#dispatcher.workerCount
  }

  get idleCount(): number {
    return this.#dispatcher.idleCount
  }

  get runningItems(): number {
    return this.#dispatcher.runningItems
  }

  get isAhead(): boolean {
    return this.#dispatcher.isAhead
  }

  get finished(): number {
    return this.#done + this.#failed
  }

  get held(): number | undefined {
    return this.#setup.collector.held
  }

  /** Begins to read and to run, what the journal has not. */
  start(journal?: Journal): void {
    this.#journal = journal
    const { signal, progress } = this.#setup.options
    if (signal?.aborted === true) return this.fail(signal.reason, signal.reason)
    const ids = this.#membership.current()
    if (ids.length === 0) return this.fail(this.#membership.emptyError(undefined))
    const { sizer, verb } = this.#setup
    try {
      const source = this.#openSource()
      this.#supply = new Supply({ source, sizer, reruns: this.#reruns, ownId: this.#host.id, demand: this })
    } catch (error) {
      return this.fail(error)
    }
    const onAbort = (): void => this.fail(signal?.reason, signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    const forget = this.#membership.onChange(() => this.#updateWorkers())
    this.#cleanups.push(() => signal?.removeEventListener('abort', onAbort), forget)
    const onError = (error: unknown): void => this.fail(error)
    this.#meter = startProgress({ host: this.#host, verb, option: progress, onError }, () => this.#counts())
    this.#finishIfDone()
    if (!this.#isSettled) this.#dispatcher.setWorkers(ids)
  }

  /** Goes on after values were fetched, or after something else made room or work. */
  resume(): void {
    this.#dispatcher.wake()
    this.#failIfStranded()
  }

  /** Ends it before its end; the collector is told nothing more. */
  close(): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#end(new AbortError(`Stopped: ${this.#setup.verb} was closed`))
  }

  next(workerId: number, isAhead: boolean): Batch | undefined {
    try {
      const batch = this.#supply?.next(workerId, isAhead)
      if (batch === undefined) this.#finishIfDone()
      return batch
    } catch (error) {
      this.fail(error)
      return undefined
    }
  }

  threadsOf(workerId: number): number {
    return this.#host.threadsOf?.(workerId) ?? 1
  }

  call(batch: Batch, workerId: number, thread: number): StartedCall | undefined {
    return this.#calls.start(batch, workerId, thread)
  }

  onMeasured({ items, history }: Batch, ms: number, isFirst: boolean): void {
    if (history === undefined) this.#setup.sizer.record(items.length, ms, isFirst)
  }

  onValue(batch: Batch, value: unknown, workerId: number): void {
    const { items, firstIndex } = batch
    if (items.length === 1) this.#take(firstIndex, value, 1)
    else this.#readAnswer(batch, value, workerId)
    this.#meter?.update()
    this.#finishIfDone()
    // The last answer of a worker that has left.
    if (this.#dispatcher.workerCount === 0) this.#failIfStranded()
  }

  onError(batch: Batch, error: unknown, workerId: number): void {
    if (error instanceof WorkerTerminatedError) this.#lastLoss = error
    this.#failures.addBatch(batch, error, workerId, this.#setup.format.isWhole)
    this.#meter?.update()
    this.resume()
  }

  onRecalled(batch: Batch): void {
    this.#reruns.addRecalled(batch)
    this.resume()
  }

  onSpared(batch: Batch, loss: WorkerTerminatedError | undefined = this.#lastLoss): void {
    this.#lastLoss = loss
    this.#reruns.addBatch(batch)
    this.resume()
  }

  onReady(): void {
    this.resume()
  }

  onFailure(error: unknown): void {
    this.fail(error)
  }

  replace(index: number, value: unknown): void {
    if (this.#isSettled) return
    this.#failed++
    this.#setup.collector.deliver(index, value, 1)
    this.#meter?.update()
    this.#finishIfDone()
    this.resume()
  }

  /** Rejects at once; what runs is cancelled, for `reason` if there is one to give. */
  fail(error: unknown, reason?: unknown): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#setup.collector.fail(error)
    this.#end(reason ?? new AbortError(`Stopped: ${this.#setup.verb} has failed`))
  }

  #openSource(): ItemSource {
    const source = openSource(this.#setup.items, this, clockOf(this.#host))
    if (this.#journal === undefined) return source
    const deliver = (index: number, value: unknown): void => {
      this.#deliver(index, value, 1)
      this.#meter?.update()
    }
    return new JournaledSource({ source, journal: this.#journal, listener: this, deliver })
  }

  #readAnswer(batch: Batch, answer: unknown, workerId: number): void {
    const { firstIndex } = batch
    const deliver: Deliver = (index, value, count) => this.#take(index, value, count)
    try {
      const failures = this.#setup.format.read(answer, { firstIndex, workerId }, deliver)
      for (const [position, error] of failures) this.#failures.addItem(batch, position, error, workerId)
      if (failures.length > 0) this.resume()
    } catch (error) {
      this.fail(error)
    }
  }

  /** What is told of is stored. */
  #take(index: number, value: unknown, count: number): void {
    try {
      this.#journal?.store(index, value)
      this.#deliver(index, value, count)
    } catch (error) {
      this.fail(error)
    }
  }

  #deliver(index: number, value: unknown, count: number): void {
    this.#done += count
    this.#setup.collector.deliver(index, value, count)
  }

  #updateWorkers(): void {
    this.#dispatcher.setWorkers(this.#membership.current())
    this.#failIfStranded()
  }

  /** Nobody is left to run what is still to run. */
  #failIfStranded(): void {
    if (this.#isSettled || this.#dispatcher.workerCount + this.#dispatcher.busyCount > 0) return
    try {
      if (this.#supply?.hasMore() === true) this.fail(this.#membership.emptyError(this.#lastLoss))
      else this.#finishIfDone()
    } catch (error) {
      this.fail(error)
    }
  }

  #finishIfDone(): void {
    if (this.#isSettled || this.#supply?.isExhausted !== true || this.#supply.pulled !== this.finished) return
    // What the user's progress function throws makes it fail, also at the end.
    this.#meter?.finish()
    if (this.#isSettled) return
    this.#isSettled = true
    this.#end(undefined)
    this.#setup.collector.finish()
  }

  #end(reason: unknown): void {
    this.#meter?.finish()
    this.#dispatcher.stop(reason)
    this.#supply?.close()
    for (const cleanup of this.#cleanups) cleanup()
  }

  #counts(): ProgressCounts {
    const pulled = this.#supply?.pulled ?? 0
    const { finished } = this
    return { done: this.#done, failed: this.#failed, running: pulled - finished, total: this.#supply?.total }
  }
}
