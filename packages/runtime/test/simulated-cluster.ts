/** Workers without processes: they run functions for real, asynchronously, on copies, lane by lane, and can be killed. */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { RemoteError, SerializationError, type WorkerExit, WorkerTerminatedError } from '@dialback/protocol'
import type {
  AnyFunction,
  BatchOutcome,
  Caller,
  CallInput,
  Shipment,
  StartedCall,
  StartOptions,
} from '../src/caller.ts'
import { ManualClock } from './manual-clock.ts'

export interface ClusterOptions {
  readonly workers: number
  /** @default 1 */
  readonly threads?: number
  /** What a message takes one way, in ms of the cluster's clock. */
  readonly latencyMs?: number
  /** How long a worker is busy with an item, in ms of the cluster's clock; items of a batch one after another. */
  readonly costMs?: (item: unknown) => number
}

interface SimulatedCall {
  readonly workerId: number
  readonly thread: number
  readonly input: CallInput
  readonly lane: string
  readonly fn: AnyFunction
  state: 'sent' | 'running' | 'settled'
  cancelledFor?: unknown
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** What a preemption looks like. */
export const preempted: WorkerExit = { reason: 'PreemptionByScheduler', blame: 'infrastructure' }
/** What an item that needs too much memory does to its worker. */
export const oomKilled: WorkerExit = { reason: 'OOMKilled', blame: 'item', exitCode: 137 }

export class SimulatedCluster implements Caller {
  readonly id = 1
  readonly clock: ManualClock = new ManualClock()
  /** Every call that was started, in order. */
  readonly calls: SimulatedCall[] = []
  /** How many functions were made ready to travel. */
  shipped = 0
  recalls = 0
  /** The worker on whose behalf a function is being called. */
  runningOn = 0
  readonly #options: ClusterOptions
  readonly #live: number[] = []
  readonly #losses = new Map<number, WorkerTerminatedError>()
  readonly #listeners = new Set<() => void>()
  readonly #lanes = new Map<string, SimulatedCall[]>()
  #nextId = 2

  constructor(options: ClusterOptions) {
    this.#options = options
    for (let i = 0; i < options.workers; i++) this.#live.push(this.#nextId++)
  }

  get listenerCount(): number {
    return this.#listeners.size
  }

  /** Calls that are neither settled nor taken back. */
  get open(): SimulatedCall[] {
    return this.calls.filter(({ state }) => state !== 'settled')
  }

  workers(): readonly number[] {
    return [...this.#live]
  }

  threadsOf(): number {
    return this.#options.threads ?? 1
  }

  lossOf(id: number): WorkerTerminatedError | undefined {
    if (id >= this.#nextId) throw new RangeError(`No process has had the id ${id}`)
    return this.#losses.get(id)
  }

  onMembershipChange(listener: () => void): () => void {
    const entry = (): void => listener()
    this.#listeners.add(entry)
    return () => this.#listeners.delete(entry)
  }

  ship(fn: AnyFunction): Shipment {
    if (Reflect.get(fn, 'isStuck') === true) throw new SerializationError('fn', 'it cannot travel')
    this.shipped++
    return { fn }
  }

  start({ fn }: Shipment, workerId: number, input: CallInput, options: StartOptions = {}): StartedCall {
    const { lane = '', thread = 0 } = options
    const loss = this.lossOf(workerId)
    if (loss !== undefined) throw loss
    const copy = workerId === this.id ? input : cloneInput(input)
    const facts = { workerId, thread, input: copy, lane, fn }
    const call: SimulatedCall = { ...facts, state: 'sent', resolve() {}, reject() {} }
    const result = new Promise<unknown>((resolve, reject) => Object.assign(call, { resolve, reject }))
    result.catch(() => {})
    this.calls.push(call)
    this.#travel(() => this.#arrive(call))
    return {
      result,
      recall: () => this.#recall(call),
      cancel: (reason) => this.#cancel(call, reason),
    }
  }

  join(): number {
    const id = this.#nextId++
    this.#live.push(id)
    this.#notify()
    return id
  }

  /** Ends a worker: it leaves, and what it had rejects. */
  kill(id: number, exit: WorkerExit): void {
    const loss = new WorkerTerminatedError(id, exit)
    this.leave(id)
    this.#losses.set(id, loss)
    for (const call of this.open) if (call.workerId === id) this.#settle(call, () => call.reject(loss))
  }

  /** A worker is gone, but nothing more is known yet. */
  leave(id: number): void {
    const at = this.#live.indexOf(id)
    if (at >= 0) this.#live.splice(at, 1)
    this.#notify()
  }

  #notify(): void {
    for (const listener of this.#listeners) listener()
  }

  #travel(arrive: () => void): void {
    const { latencyMs = 0 } = this.#options
    if (latencyMs > 0) this.clock.after(latencyMs, arrive)
    else queueMicrotask(arrive)
  }

  #arrive(call: SimulatedCall): void {
    if (call.state === 'settled') return
    const key = `${call.workerId}.${call.thread} ${call.lane}`
    const queue = this.#lanes.get(key)
    if (call.lane === '') void this.#run(call)
    else if (queue !== undefined) queue.push(call)
    else {
      this.#lanes.set(key, [])
      void this.#runLane(key, call)
    }
  }

  async #runLane(key: string, first: SimulatedCall): Promise<void> {
    for (let call: SimulatedCall | undefined = first; call; call = this.#lanes.get(key)?.shift()) {
      await this.#run(call)
    }
    this.#lanes.delete(key)
  }

  async #run(call: SimulatedCall): Promise<void> {
    if (call.state === 'settled') return
    call.state = 'running'
    try {
      await this.#spend(call)
      const value = await this.#invoke(call)
      if (call.state === 'running') this.#travel(() => this.#settle(call, () => call.resolve(value)))
    } catch (error) {
      const remote = error instanceof SerializationError ? error : new RemoteError(call.workerId, error)
      this.#travel(() => this.#settle(call, () => call.reject(remote)))
    }
  }

  async #spend({ input }: SimulatedCall): Promise<void> {
    const { costMs } = this.#options
    if (costMs === undefined) return
    const items = input.kind === 'batch' ? input.items : input.args.slice(0, 1)
    const ms = items.reduce<number>((sum, item) => sum + costMs(item), 0)
    await new Promise<void>((resolve) => this.clock.after(ms, resolve))
  }

  async #invoke({ fn, input, workerId }: SimulatedCall): Promise<unknown> {
    const call = (...args: unknown[]): unknown => {
      this.runningOn = workerId
      return Reflect.apply(fn, undefined, args)
    }
    if (workerId === this.id && input.kind === 'args') return await call(...input.args)
    if (input.kind === 'args') return copyResult(await call(...input.args))
    const run = async (item: unknown, i: number): Promise<unknown> =>
      copyResult(await call(item, input.firstIndex + i))
    const settled = await Promise.allSettled(input.items.map(run))
    const outcome: BatchOutcome = {
      values: settled.map((one) => (one.status === 'fulfilled' ? one.value : undefined)),
      failures: settled.flatMap((one, i) =>
        one.status === 'rejected' ? [[i, asRemote(workerId, one.reason)]] : [],
      ),
    }
    return outcome
  }

  #recall(call: SimulatedCall): Promise<boolean> {
    this.recalls++
    return new Promise((resolve) => {
      this.#travel(() => {
        const isTaken = call.state === 'sent' && this.#live.includes(call.workerId)
        if (isTaken) call.state = 'settled'
        this.#travel(() => resolve(isTaken))
      })
    })
  }

  #cancel(call: SimulatedCall, reason: unknown): void {
    call.cancelledFor = reason
    this.#travel(() => this.#settle(call, () => call.reject(new RemoteError(call.workerId, reason))))
  }

  #settle(call: SimulatedCall, settle: () => void): void {
    if (call.state === 'settled') return
    call.state = 'settled'
    settle()
  }
}

/** Lets everything happen that needs no time to pass. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await nextTurn()
}

function asRemote(workerId: number, thrown: unknown): Error {
  return thrown instanceof SerializationError ? thrown : new RemoteError(workerId, thrown)
}

function cloneInput(input: CallInput): CallInput {
  if (input.kind === 'args') return { ...input, args: clone(input.args, 'an item') }
  return { ...input, items: clone(input.items, 'an item') }
}

function copyResult(value: unknown): unknown {
  return clone(value, 'the result')
}

function clone<T>(value: T, what: string): T {
  try {
    return structuredClone(value)
  } catch (cause) {
    throw new SerializationError(what, 'it cannot be copied', { cause })
  }
}
