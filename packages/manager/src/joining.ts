/** Waits for launched workers to join, and says why those that did not have not. */

import { LaunchError, type LaunchFailure, WorkerTerminatedError } from '@dialback/protocol'
import type { ClusterManager, LaunchContext, LaunchedWorker } from './cluster-manager.ts'
import type { RemoteWorker } from './remote-worker.ts'
import type { Supervisor } from './supervisor.ts'

export interface JoiningOptions {
  readonly supervisor: Supervisor
  readonly manager: ClusterManager
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
  const { supervisor, manager, signal } = options
  const workers = launched.map((one) => supervisor.launched(one))
  const timeout = new AbortController()
  const timer = setTimeout(() => timeout.abort(), manager.pendingTimeoutMs)
  const stop = AbortSignal.any([signal, timeout.signal])
  const failures: LaunchFailure[] = []
  try {
    await Promise.all(
      workers.map(async (worker) => {
        const failure = await joinOrFail(worker, stop, manager.pendingTimeoutMs)
        if (failure !== undefined) failures.push(failure)
      }),
    )
  } finally {
    clearTimeout(timer)
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
  timeoutMs: number,
): Promise<LaunchFailure | undefined> {
  const stopped = Promise.withResolvers<undefined>()
  const onStop = (): void => stopped.resolve(undefined)
  stop.addEventListener('abort', onStop, { once: true })
  if (stop.aborted) onStop()
  try {
    if ((await Promise.race([worker.joined.promise, stopped.promise])) !== undefined) return undefined
    // Nobody waits for it any more.
    worker.isRemoved = true
    worker.launched?.end('kill')
    await worker.launched?.exited
    return { name: worker.name, message: `did not join within ${timeoutMs / 1_000} s` }
  } catch (error) {
    if (!(error instanceof WorkerTerminatedError)) throw error
    const { exit } = worker
    const detail = exit?.detail === undefined ? '' : ` (${exit.detail})`
    return {
      name: worker.name,
      message: `ended before it joined: ${error.reason}${detail}`,
      ...(exit && { exit }),
    }
  } finally {
    stop.removeEventListener('abort', onStop)
  }
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
