/** Runs the calls that arrive in this process, and answers them. */

import { AbortError, type Call, type Define, type EncodedBody, type Mailbox } from '@dialback/protocol'
import { answerCall, type Job, kindOf } from './answer-call.ts'
import { type BatchRun, isThenable, runBatch } from './batch-run.ts'
import { type Encoded, NotLoaded } from './body-encoder.ts'
import { RunningCall, runningCall } from './call-context.ts'
import { CallLanes } from './call-lanes.ts'
import type { Carrier } from './carrier.ts'
import type { ClaimTable } from './claim-table.ts'
import { systemClock } from './clock.ts'
import { type Definition, DefinitionStore, makeDefinition, orRejected } from './definition-store.ts'
import { encodeOutcome } from './encode-outcome.ts'
import { textOfThrown } from './fallback-error.ts'
import { FunctionCopies } from './function-copies.ts'
import type { Content } from './keeping/content.ts'
import type { Peer } from './peer.ts'
import type { RunningMark } from './running-mark.ts'

export interface CallRunnerOptions {
  readonly carrier: Carrier
  readonly nextId: () => number
  /** Where calls that the caller may take back are claimed; absent where none can be. */
  readonly claims?: ClaimTable
  /** Tells other threads what runs. */
  readonly mark?: RunningMark
  /** Keeps a value until it is fetched. */
  readonly keep: (ref: number, value: Content) => void
  /** Prints what a call threw whose caller wants no answer. */
  readonly print: (text: string) => void
  /** What the functions that run here call by. */
  readonly peer?: Peer
}

/** Replies of quick calls are joined; one that took this long is answered before the next begins. */
const slowMs = 1

export class CallRunner {
  readonly #options: CallRunnerOptions
  readonly #definitions = new DefinitionStore()
  readonly #copies = new FunctionCopies()
  readonly #running = new Map<number, { call: RunningCall; job: Job }>()
  readonly #lanes = new CallLanes<Job>((job) => this.#startQueued(job))
  /** A call that waits for its modules or for a barrier, and all that arrived since: they start in order. */
  #waiting: Job[] | undefined
  /** The call that those in `#waiting` wait for, when it is one. */
  #barrier: number | undefined
  /** Of calls that have ended and whose answers wait for shipping to be loaded. */
  #lateAnswers = 0
  #onIdle: (() => void)[] = []

  constructor(options: CallRunnerOptions) {
    this.#options = options
  }

  /** Takes a definition, kept as it was sent if calls may ask for that; calls that name it and arrive later wait until it is ready. */
  define({ hash, modules = [], imports = [] }: Define, body: EncodedBody, isKept = false): void {
    const { carrier } = this.#options
    // Who sent it takes modules to be here that went with a thread: asked for the function again, it sends them too.
    if (!carrier.hasModules(modules) || !carrier.hasModules(imports)) return
    const ready = (): Definition => makeDefinition(carrier, body, isKept)
    const loading = carrier.loadModules(modules)
    this.#definitions.set(hash, loading === undefined ? orRejected(ready) : loading.then(ready))
  }

  /** Starts a call, after those that arrived before it. */
  receive(job: Job): void {
    // The function may be sent again before this call begins, for another one: not for this one.
    const definition = this.#definitions.ready(job.definition) ?? this.#definitions.get(job.call.fn)
    if (this.#waiting !== undefined) {
      this.#waiting.push({ ...job, definition })
      return
    }
    const { modules = [], imports = [] } = job.call
    const { carrier } = this.#options
    const isThere = carrier.hasModules(modules) && carrier.hasModules(imports)
    if (definition === undefined || !isThere) this.#answerUnknown(job)
    else if (definition instanceof Promise || modules.length > 0 || imports.length > 0)
      this.#awaitModules(modules, definition, job)
    else this.#enterLane(job, definition)
  }

  /** Stops a call: its signal fires and it is answered at once, whatever its function goes on to do. */
  cancel(id: number, reason: unknown): void {
    const running = this.#running.get(id)
    if (running !== undefined) {
      running.call.abort(reason)
      this.#fail(running.job, 'thrown', reason)
      return
    }
    const at = this.#waiting?.findIndex((job) => job.call.id === id) ?? -1
    const job = at < 0 ? this.#lanes.remove(({ call }) => call.id === id) : this.#waiting?.splice(at, 1)[0]
    if (job !== undefined) this.#report(job, 'thrown', reason)
  }

  /** Stops what came over a connection whose far end is gone: nobody waits for it. */
  callerGone(mailbox: Mailbox): void {
    const isOrphan = (job: Job): boolean => job.mailbox === mailbox && job.call.isSilent !== true
    // First what would begin in place of what is stopped.
    while (this.#lanes.remove(isOrphan) !== undefined) continue
    const running = [...this.#running.values()].map(({ job }) => job)
    for (const { call } of [...running, ...(this.#waiting ?? [])].filter(isOrphan))
      this.cancel(call.id, new AbortError('The caller is gone'))
  }

  /** Stops all that runs. */
  interrupt(): void {
    // What begins because something else was stopped goes on.
    const ids = [...this.#running.keys()]
    for (const id of ids) this.cancel(id, new AbortError('Interrupted'))
  }

  /** Calls back once nothing runs or waits to, at once when nothing does. */
  whenIdle(callback: () => void): void {
    this.#onIdle.push(callback)
    this.#tellIfIdle()
  }

  /** Calls back once a call has ended and nothing else runs or waits to, before what that call answers is sent. */
  whenNextIdle(callback: () => void): void {
    this.#onIdle.push(callback)
  }

  #tellIfIdle(): void {
    if (this.#running.size > 0 || this.#waiting !== undefined || this.#lateAnswers > 0) return
    for (const callback of this.#onIdle.splice(0)) callback()
  }

  /** The function may still wait for modules, and the arguments for others. */
  #awaitModules(modules: readonly string[], definition: Definition | Promise<Definition>, job: Job): void {
    const loading = this.#options.carrier.loadModules(modules)
    if (loading === undefined && !(definition instanceof Promise)) return this.#enterLane(job, definition)
    this.#waiting = [job]
    Promise.all([definition, loading]).then(
      ([ready]) => this.#resume(job, () => this.#enterLane(job, ready)),
      (error: unknown) => this.#resume(job, () => this.#report(job, kindOf(error), error)),
    )
  }

  #resume(first?: Job, begin?: () => void): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    // Unless it was cancelled meanwhile.
    if (first !== undefined && waiting[0] === first) {
      waiting.shift()
      begin?.()
    }
    // One of them may make the rest wait again.
    for (const job of waiting) this.receive(job)
    this.#tellIfIdle()
  }

  #enterLane(job: Job, definition: Definition): void {
    const { lane } = job.call
    if (lane === undefined || this.#lanes.enter(lane, job)) this.#start(job, definition)
  }

  #startQueued(job: Job): void {
    const definition = this.#definitions.get(job.call.fn)
    if (definition !== undefined && !(definition instanceof Promise)) {
      this.#start(job, definition)
      return
    }
    this.#answerUnknown(job)
    if (job.call.lane !== undefined) this.#lanes.leave(job.call.lane)
  }

  #start(job: Job, definition: Definition): void {
    const { call, body, mailbox } = job
    if (this.#declines(job)) {
      if (call.lane !== undefined) this.#lanes.leave(call.lane)
      return
    }
    // What was answered before must not wait for this one to end.
    if (definition.slowestMs > slowMs) mailbox.link.flush()
    const running = new RunningCall(call.id, this.#options.peer)
    this.#running.set(call.id, { call: running, job })
    if (call.isSilent === true) this.#answerStarted(job)
    const startedAt = systemClock.now()
    try {
      const value = runningCall.run(running, () => this.#invoke(call, definition, body))
      if (isThenable(value)) {
        if (call.isBarrier === true) {
          this.#waiting ??= []
          this.#barrier = call.id
        }
        void this.#settleLater(job, value)
        return
      }
      this.#settle(job, value)
    } catch (error) {
      this.#fail(job, 'thrown', error)
    }
    const tookMs = systemClock.now() - startedAt
    definition.slowestMs = Math.max(tookMs, definition.slowestMs * 0.9)
    if (tookMs > slowMs) mailbox.link.flush()
  }

  /** Does not begin what its caller took back, and answers what was cancelled: that may have yet to be read here. */
  #declines(job: Job): boolean {
    const { claims, mark } = this.#options
    const isWithdrawn = mark?.isWithdrawn(job.call.id) === true
    if (isWithdrawn) this.#report(job, 'thrown', new AbortError('Cancelled'))
    return isWithdrawn || (job.call.claim !== undefined && claims?.start(job.call.claim) === false)
  }

  #invoke(call: Call, definition: Definition, body: EncodedBody): unknown {
    const { carrier, mark } = this.#options
    const input = carrier.decode(body) as unknown[]
    // A call may be made while another one runs, by what that does: afterwards it is that one again.
    const outer = mark?.callId
    if (mark !== undefined) mark.callId = call.id
    try {
      const fn = this.#copies.get(call, definition)
      if (call.isBatch === true) return runBatch(fn, input)
      return Reflect.apply(fn, undefined, input)
    } finally {
      if (mark !== undefined) mark.callId = outer
    }
  }

  async #settleLater(job: Job, value: PromiseLike<unknown>): Promise<void> {
    try {
      this.#settle(job, await value)
    } catch (error) {
      this.#fail(job, 'thrown', error)
    }
  }

  #settle(job: Job, value: unknown): void {
    if (!this.#running.has(job.call.id)) return
    if (job.call.isSilent === true) {
      this.#finish(job)
      return
    }
    const { carrier } = this.#options
    let encoded: Encoded
    try {
      // A batch gives what `runBatch` made.
      encoded =
        job.call.isBatch === true
          ? encodeOutcome(carrier, value as BatchRun)
          : carrier.encode(value, 'result')
    } catch (error) {
      if (error instanceof NotLoaded) void carrier.load().then(() => this.#settle(job, value))
      else this.#fail(job, 'failed', error)
      return
    }
    answerCall(this.#options, job, 'value', encoded)
    this.#finish(job)
  }

  #fail(job: Job, kind: 'thrown' | 'failed', error: unknown): void {
    if (!this.#running.has(job.call.id)) return
    this.#report(job, kind, error)
    this.#finish(job)
  }

  #report(job: Job, kind: 'thrown' | 'failed', error: unknown): void {
    const { carrier, print } = this.#options
    if (job.call.isSilent === true) {
      if (!this.#running.has(job.call.id)) this.#answerStarted(job)
      print(textOfThrown(error))
      return
    }
    try {
      answerCall(this.#options, job, kind, carrier.encodeThrown(error))
    } catch (notLoaded) {
      if (!(notLoaded instanceof NotLoaded)) throw notLoaded
      this.#lateAnswers += 1
      void carrier.load().then(() => {
        this.#lateAnswers -= 1
        answerCall(this.#options, job, kind, carrier.encodeThrown(error))
        this.#tellIfIdle()
      })
    }
  }

  #finish({ call }: Job): void {
    const wasRunning = this.#running.delete(call.id)
    if (wasRunning && call.lane !== undefined) this.#lanes.leave(call.lane)
    if (call.id === this.#barrier) {
      this.#barrier = undefined
      this.#resume()
    }
    this.#tellIfIdle()
  }

  /** All that the caller of a silent call is told: that its function will not be asked for. */
  #answerStarted({ call, mailbox }: Job): void {
    mailbox.post({ type: 'result', id: call.id })
  }

  #answerUnknown({ call, mailbox }: Job): void {
    mailbox.post({ type: 'unknown', id: call.id })
  }
}
