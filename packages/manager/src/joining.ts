/** Waits for launched workers to join, and says why those that did not have not. */

import { LaunchError, type LaunchFailure, WorkerTerminatedError } from '@dialback/protocol'
import type { ClusterManager, LaunchContext, LaunchedWorker } from './cluster-manager.ts'
import { tellWaiting } from './joining-progress.ts'
import type { Logger } from './logger.ts'
import type { RemoteWorker } from './remote-worker.ts'
import type { Supervisor } from './supervisor.ts'

export interface JoiningOptions {
  readonly supervisor: Supervisor
  readonly manager: ClusterManager
  readonly logger: Logger
  readonly signal: AbortSignal
}

/** Asks for the workers. @throws {LaunchError} with the cause when nothing could be asked for. */
export async function launchAll(
  manager: ClusterManager,
  context: LaunchContext,
): Promise<readonly LaunchedWorker[]> {
  try {
    return await manager.launch(context)
  } catch (cause) {
    context.signal.throwIfAborted()
    if (cause instanceof LaunchError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new LaunchError(`Cannot launch ${manager.name} workers: ${why}`, [], { cause })
  }
}

/**
 * Waits until all have joined, cannot join any more, or the time is up.
 *
 * @returns sorted ids of those that joined.
 * @throws {LaunchError} when they are fewer than the manager needs. The others stay in the cluster.
 */
export async function joinAll(
  launched: readonly LaunchedWorker[],
  options: JoiningOptions,
): Promise<number[]> {
  const { supervisor, manager, logger, signal } = options
  const workers = launched.map((one) => supervisor.launched(one))
  const timeout = new AbortController()
  const timer = setTimeout(() => timeout.abort(), manager.pendingTimeoutMs)
  const stop = AbortSignal.any([signal, timeout.signal])
  const failures: LaunchFailure[] = []
  const stopTelling = tellWaiting(workers, logger)
  try {
    await Promise.all(
      workers.map(async (worker) => {
        const failure = await joinOrFail(worker, stop, options)
        if (failure !== undefined) failures.push(failure)
      }),
    )
  } finally {
    clearTimeout(timer)
    stopTelling()
    for (const worker of workers) worker.launched?.hold(false)
  }
  signal.throwIfAborted()
  const joined = workers.filter((worker) => worker.hasJoined).map(({ id }) => id)
  if (failures.length > 0 && joined.length < manager.minWorkers)
    throw launchError(manager, workers.length, failures)
  return joined.toSorted((a, b) => a - b)
}

async function joinOrFail(
  worker: RemoteWorker,
  stop: AbortSignal,
  { manager, logger, signal }: JoiningOptions,
): Promise<LaunchFailure | undefined> {
  const stopped = Promise.withResolvers<undefined>()
  const onStop = (): void => stopped.resolve(undefined)
  stop.addEventListener('abort', onStop, { once: true })
  const { name, launched } = worker
  if (stop.aborted || launched?.isLate === true) onStop()
  const seconds = manager.pendingTimeoutMs / 1_000
  try {
    if ((await Promise.race([worker.joined.promise, stopped.promise])) !== undefined) return undefined
    if (!signal.aborted)
      warnOf(worker, `timed out after waiting for worker ${name} to start for ${seconds} seconds`, logger)
    // As it is now: the end that follows is ours.
    const failure = { name, message: `did not join within ${seconds} s${reasonToWait(worker)}` }
    // Nobody waits for it any more.
    worker.isRemoved = true
    launched?.end('kill')
    await launched?.exited
    return failure
  } catch (error) {
    if (!(error instanceof WorkerTerminatedError)) throw error
    return failureOf(worker, error, logger)
  } finally {
    stop.removeEventListener('abort', onStop)
    if (!worker.hasJoined) await launched?.gone
  }
}

function reasonToWait({ launched }: RemoteWorker): string {
  return launched?.waitingFor === undefined ? '' : `: ${launched.waitingFor}`
}

function failureOf(worker: RemoteWorker, { reason }: WorkerTerminatedError, logger: Logger): LaunchFailure {
  const { name, exit, isRemoved } = worker
  const detail = exit?.detail === undefined ? '' : ` (${exit.detail})`
  const message = `ended before it joined: ${reason}${detail}`
  if (!isRemoved) warnOf(worker, `worker ${name} ${message}`, logger)
  return { name, message, ...(exit && { exit }) }
}

/** With what its place says about it, if it says anything: that may be all that anybody will ever know. */
function warnOf({ launched }: RemoteWorker, what: string, logger: Logger): void {
  if (launched?.status === undefined) return
  const hasFacts = Object.keys(launched.status).length > 0
  logger.warn(hasFacts ? `${what}, with status:\n${JSON.stringify(launched.status, null, 4)}` : what)
}

function launchError(
  manager: ClusterManager,
  asked: number,
  failures: readonly LaunchFailure[],
): LaunchError {
  const list = failures.map(({ name, message }) => `${name} ${message}`).join('; ')
  return new LaunchError(
    `Cannot launch ${failures.length} of ${asked} ${manager.name} workers: ${list}`,
    failures,
  )
}
