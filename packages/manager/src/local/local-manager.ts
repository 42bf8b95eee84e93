/** Workers as processes of this machine. */

import { statSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { type Duration, describe, durationMs } from '@dialback/protocol'
import { agentEntry } from '@dialback/worker'
import type { ClusterManager, LaunchContext, LaunchedWorker } from '../cluster-manager.ts'
import { checkEnvironment, rejectUnknownOptions, wholeNumber } from '../options.ts'
import { checkRoom } from './machine-room.ts'
import { WorkerProcess } from './worker-process.ts'

export interface LocalManagerOptions {
  /** Added to this process' environment. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Options for `node`, before the script. @default those of this process that a worker can take: none */
  readonly execArgv?: readonly string[] | undefined
  /** The workers' directory. @default this process' */
  readonly cwd?: string | undefined
  /** How many threads of each worker run user code. @default 1 */
  readonly threads?: number | undefined
  /** How long a worker may take to join. @default 60 */
  readonly connectTimeout?: Duration | undefined
}

/** More cannot be named (see `thread {index}` in docs/protocol.md). */
const maxThreads = 10_000

export const localOptionNames: readonly string[] = ['env', 'execArgv', 'cwd', 'threads', 'connectTimeout']

export class LocalManager implements ClusterManager {
  readonly name = 'local'
  readonly pendingTimeoutMs: number
  readonly minWorkers: number
  readonly #np: number
  readonly #threads: number
  readonly #options: LocalManagerOptions

  /**
   * Asks for `np` local processes.
   *
   * @param np how many, ≥ 0. @default as many as the machine runs at once
   * @throws {TypeError | RangeError} that repeats a bad value, more than the machine has room for, or an unknown option; nothing
   * was started.
   */
  constructor(np: number = availableParallelism(), options: LocalManagerOptions = {}) {
    this.#np = wholeNumber(np, 'np', 0)
    rejectUnknownOptions(options, localOptionNames, 'LocalManager')
    const { threads = 1, connectTimeout = 60 } = options
    this.#threads = wholeNumber(threads, 'threads', 1, maxThreads)
    checkRoom(np, threads, memoryOfMachine())
    this.pendingTimeoutMs = durationMs(connectTimeout, 'connectTimeout')
    checkStrings(options)
    checkDirectory(options.cwd)
    this.minWorkers = np
    this.#options = options
  }

  async launch(context: LaunchContext): Promise<readonly LaunchedWorker[]> {
    if (this.#np === 0) return []
    const [entry, url] = await Promise.all([agentEntry(), context.openNear?.() ?? context.openLoopback()])
    const { env, execArgv, cwd } = this.#options
    return Array.from({ length: this.#np }, () => {
      const name = `local-${context.nextWorkerId}`
      const credentials = context.admit(name, url)
      return new WorkerProcess({ entry, credentials, threads: this.#threads, env, execArgv, cwd })
    })
  }
}

/** All there is, or what this container may have of it. */
function memoryOfMachine(): number {
  const limit = process.constrainedMemory()
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}

function checkStrings({ env, execArgv, cwd }: LocalManagerOptions): void {
  if (cwd !== undefined && typeof cwd !== 'string')
    throw new TypeError(`cwd must be a string: ${describe(cwd)}`)
  if (
    execArgv !== undefined &&
    !(Array.isArray(execArgv) && execArgv.every((arg) => typeof arg === 'string'))
  ) {
    throw new TypeError(`execArgv must be an array of strings: ${describe(execArgv)}`)
  }
  checkEnvironment(env)
}

/** Else the system would say of Node's own executable that it is not there. */
function checkDirectory(cwd: string | undefined): void {
  if (cwd !== undefined && statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new RangeError(`cwd must be a directory that exists: ${describe(cwd)}`)
}
