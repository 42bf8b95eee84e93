/** A manager and its workers: membership, and the calls and collections over them. */

import { type Duration, describe, durationMs } from '@dialback/protocol'
import { type AnyFunction, Carrier, type CodeOptions, Peer, PeerVerbs } from '@dialback/runtime'
import type { ClusterManager } from './cluster-manager.ts'
import { clusterOfPeer } from './cluster-of-peer.ts'
import { Entrances } from './entrances.ts'
import { type EverywhereOptions, runEverywhere } from './everywhere.ts'
import { EverywhereLog } from './everywhere-log.ts'
import { joinAll, launchAll } from './joining.ts'
import { keptAlive } from './keep-alive.ts'
import { Launches } from './launches.ts'
import { LocalManager, type LocalManagerOptions, localOptionNames } from './local/local-manager.ts'
import { callApart, type Logger, loggerApart, stderrLogger, writeWorkerLine } from './logger.ts'
import { managerHost } from './manager-host.ts'
import { checkOption, processIds, rejectUnknownOptions } from './options.ts'
import { inTurns, removeWorker } from './removal.ts'
import { isRuntimeModule, loadRuntimeModule, runtimeModule } from './runtime-module.ts'
import { refuseInStartingWorker } from './starting-worker.ts'
import { Supervisor } from './supervisor.ts'

export interface ClusterOptions extends CodeOptions {
  /** Where the cluster's own lines go. @default readable lines on stderr */
  readonly logger?: Logger | undefined
  /**
   * Gets each line that a worker writes. Where it gives a promise, as one that writes to a stream may, no more is read of a
   * local worker's output until that has settled. @default `      From worker 2:\t<line>` on stderr
   */
  readonly onWorkerLog?: ((workerId: number, line: string) => unknown) | undefined
}

/** `external` and `code` are the cluster's, and count for all its workers from then on. */
export interface AddProcsOptions extends CodeOptions {
  /** Ends the waiting; workers that have not joined are ended as well. */
  readonly signal?: AbortSignal | undefined
}

export interface RemoveOptions {
  /** How long to wait for the workers to be gone; 0 does not wait. @default without limit */
  readonly waitFor?: Duration | undefined
}

export class Cluster extends PeerVerbs implements AsyncDisposable {
  /** This process' side of calls; what the verbs work over. */
  override readonly peer: Peer
  readonly #supervisor: Supervisor
  readonly #everywhereLog = new EverywhereLog()
  readonly #onWorkerLog: (workerId: number, line: string) => unknown
  #logger: Logger
  readonly #entrances: Entrances
  readonly #launches = new Launches()
  #lastId = 0

  constructor(options: ClusterOptions = {}) {
    super()
    rejectUnknownOptions(options, ['logger', 'onWorkerLog', 'external', 'code'], 'Cluster')
    if (options.logger !== undefined) checkLogger(options.logger)
    checkOption('onWorkerLog', options.onWorkerLog, 'a function', (value) => typeof value === 'function')
    this.#logger = loggerApart(options.logger ?? stderrLogger)
    this.#onWorkerLog = options.onWorkerLog ?? writeWorkerLine
    const nextId = (): number => ++this.#lastId
    const logger = (): Logger => this.#logger
    this.#supervisor = new Supervisor({
      peer: () => this.peer,
      logger,
      workerLine: (id, line) => callApart(() => this.#onWorkerLog(id, line)),
      everywhereLog: this.#everywhereLog,
      nextId,
    })
    this.#entrances = new Entrances(this.#supervisor.admission, logger)
    this.peer = new Peer(
      managerHost({ supervisor: this.#supervisor, nextId, logger }),
      new Carrier({ runtimeModule, isRuntimeModule, loadRuntime: loadRuntimeModule }),
    )
    clusterOfPeer.set(this.peer, this)
    this.#configureCode(options)
  }

  /** Sets where the cluster's own lines go from now on. @throws {TypeError} when it has not all four methods. */
  setLogger(logger: Logger): void {
    checkLogger(logger)
    this.#logger = loggerApart(logger)
  }

  /**
   * Starts workers and waits until they have joined.
   *
   * @returns sorted ids of the workers that joined.
   * @throws {TypeError | RangeError} for bad arguments, before anything is started.
   * @throws {LaunchError} when fewer joined than were needed, nothing could be asked for, or the cluster is closed.
   */
  async addProcs(
    what?: number | ClusterManager,
    options: LocalManagerOptions & AddProcsOptions = {},
  ): Promise<number[]> {
    const known = isClusterManager(what) ? [] : localOptionNames
    rejectUnknownOptions(options, [...known, 'signal', 'external', 'code'], 'addProcs')
    const { signal, external, code, ...rest } = options
    checkOption('signal', signal, 'an AbortSignal', (value) => value instanceof AbortSignal)
    const manager = isClusterManager(what) ? what : new LocalManager(what, rest)
    signal?.throwIfAborted()
    refuseInStartingWorker(process.env)
    this.#configureCode({ ...(external !== undefined && { external }), ...(code !== undefined && { code }) })
    return await this.#launches.run(signal, async (stop) => await this.#launch(manager, stop))
  }

  /**
   * Removes workers: asked first, then terminated, then killed. What runs there rejects with reason `Removed`.
   *
   * @param ids 1 is refused with a warning; ids that are not there are ignored.
   * @throws {Error} naming the workers that are not gone within `waitFor`; their removal goes on.
   */
  async rmProcs(ids: number | readonly number[], options: RemoveOptions = {}): Promise<void> {
    rejectUnknownOptions(options, ['waitFor'], 'rmProcs')
    const list = processIds(ids, 'rmProcs')
    const waitMs = options.waitFor === undefined ? undefined : durationMs(options.waitFor, 'waitFor')
    if (list.includes(1)) this.#logger.warn('rmProcs: process 1, the manager, cannot be removed')
    const workers = this.#supervisor.membership.removable(list)
    const gone = new Set<number>()
    const removal = inTurns(workers, async (worker) => {
      await removeWorker(this.#supervisor, worker, this.#logger)
      gone.add(worker.id)
    })
    if (waitMs === undefined) await removal
    else if (waitMs > 0 && !(await within(removal, waitMs))) {
      const left = workers.filter(({ id }) => !gone.has(id)).map(({ id }) => id)
      throw new Error(`Cannot remove workers ${left.join(', ')} within ${waitMs / 1_000} s`)
    }
  }

  /** Aborts what runs on the workers (default: all). A worker that is idle is not touched. */
  async interrupt(ids?: number | readonly number[]): Promise<void> {
    const list = ids === undefined ? this.#supervisor.membership.live : processIds(ids, 'interrupt')
    const answers = list.map(async (id) => {
      const worker = this.#supervisor.membership.get(id)
      await Promise.all(worker?.threads.map((thread) => this.#supervisor.interrupt(worker, thread)) ?? [])
    })
    await keptAlive(Promise.all(answers))
  }

  /**
   * Runs a function on every process, or defines globals there; the manager last.
   *
   * @throws {AggregateError} with the failures in the order of the ids, one for each process; all were attempted.
   */
  async everywhere(
    what: AnyFunction | Readonly<Record<string, unknown>>,
    options: EverywhereOptions = {},
  ): Promise<void> {
    await runEverywhere(what, options, {
      peer: this.peer,
      supervisor: this.#supervisor,
      log: this.#everywhereLog,
      procs: () => this.procs(),
    })
  }

  /** Removes all workers and stops listening. No others can be added. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#launches.end()
    await this.rmProcs(this.#supervisor.membership.all.map(({ id }) => id))
    await this.#entrances.close()
    this.#supervisor.admission.close()
  }

  async #launch(manager: ClusterManager, signal: AbortSignal): Promise<number[]> {
    const supervisor = this.#supervisor
    const launched = await launchAll(manager, {
      get nextWorkerId() {
        return supervisor.membership.nextId
      },
      openLoopback: async () => (await this.#entrances.loopback()).url,
      openNear: async () => (await this.#entrances.near()).url,
      openDoor: async () => await this.#entrances.door(),
      admit: (name, url) => supervisor.expect(name, url),
      logger: this.#logger,
      signal,
    })
    // Not before: while it loads, which takes this thread, workers could be starting.
    const shipping = this.peer.carrier.load()
    const joining = joinAll(launched, { supervisor, manager, logger: this.#logger, signal })
    const [ids] = await Promise.all([joining, shipping])
    return ids
  }

  #configureCode({ external, code }: CodeOptions): void {
    if (external === undefined && code === undefined) return
    checkOption('external', external, 'an array of names of packages', isListOfNames)
    checkOption('code', code, "'ship' or 'image'", (value) => value === 'ship' || value === 'image')
    this.peer.carrier.configure({
      ...(external !== undefined && { external }),
      ...(code !== undefined && { code }),
    })
  }
}

function checkLogger(logger: unknown): void {
  const isLogger =
    typeof logger === 'object' &&
    logger !== null &&
    ['debug', 'info', 'warn', 'error'].every((method) => typeof Reflect.get(logger, method) === 'function')
  if (isLogger) return
  throw new TypeError(`logger must be an object with debug, info, warn and error: ${describe(logger)}`)
}

function isListOfNames(value: unknown): boolean {
  return Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== '')
}

function isClusterManager(what: unknown): what is ClusterManager {
  return typeof what === 'object' && what !== null && 'launch' in what && typeof what.launch === 'function'
}

async function within(done: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(resolve, ms, false)
  const isDone = await Promise.race([done.then(() => true), promise])
  clearTimeout(timer)
  return isDone
}
