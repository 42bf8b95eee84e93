/** One local worker: its process, its lines, and how it ended. */

import { type ChildProcess, spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { prepareOpening, type WorkerExit } from '@dialback/protocol'
import type { Credentials, LaunchedWorker, LineListener } from '../cluster-manager.ts'
import { LastLines } from '../last-lines.ts'
import { readLines } from '../read-lines.ts'
import { startingWorkerVariable } from '../starting-worker.ts'
import { localExit } from './local-exit.ts'
import { noteOutput, watchForUnread, watchRest } from './unread-output.ts'

export interface WorkerProcessOptions {
  readonly entry: string
  readonly credentials: Credentials
  readonly threads: number
  readonly env: Readonly<Record<string, string>> | undefined
  readonly execArgv: readonly string[] | undefined
  readonly cwd: string | undefined
}

/** After the process has ended its last lines are waited for, but no longer: a grandchild may hold the pipe open. */
const lastLinesMs = 250

export class WorkerProcess implements LaunchedWorker {
  readonly name: string
  readonly threads: number
  readonly exited: Promise<WorkerExit>
  readonly #child: ChildProcess
  readonly #lines = new LastLines()
  readonly #listeners: LineListener[] = []
  #isEnding = false

  constructor(options: WorkerProcessOptions) {
    const { entry, credentials, threads, env, execArgv, cwd } = options
    this.name = credentials.name
    this.threads = threads
    this.#child = spawn(process.execPath, [...(execArgv ?? []), entry], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...workerEnv(entry), ...process.env, ...env, [startingWorkerVariable]: this.name },
      ...(cwd !== undefined && { cwd }),
    })
    this.exited = this.#waitForExit()
    // The token by a pipe: nobody else can read it there. It stays open: its end tells the worker that we are gone.
    this.#child.stdin?.on('error', () => {})
    const openings = Array.from({ length: 1 + threads }, () => prepareOpening(credentials.token))
    this.#child.stdin?.write(`${JSON.stringify({ ...credentials, threads, openings })}\n`)
    this.hold(true)
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  onLine(listener: LineListener): void {
    this.#listeners.push(listener)
  }

  end(how: 'terminate' | 'kill'): void {
    this.#child.kill(how === 'kill' ? 'SIGKILL' : 'SIGTERM')
  }

  hold(isHeld: boolean): void {
    const { stdin, stdout, stderr } = this.#child
    for (const handle of [this.#child, stdin, stdout, stderr]) {
      // The pipes are sockets, which their declared type leaves out.
      const held = handle as { ref?(): void; unref?(): void } | null
      if (isHeld) held?.ref?.()
      else held?.unref?.()
    }
  }

  async #waitForExit(): Promise<WorkerExit> {
    const forget = watchForUnread()
    const streams = [this.#child.stdout, this.#child.stderr].filter((stream) => stream !== null)
    const ends = streams.map((stream) => this.#read(stream))
    const { promise, resolve } = Promise.withResolvers<Parameters<typeof localExit>[0]>()
    this.#child.on('error', (error) => resolve({ error, code: null, signal: null }))
    this.#child.once('exit', (code, signal) => resolve({ code, signal }))
    const end = await promise
    // What it left in its pipes is little, and its error is to have it, however slow whoever reads the lines may be.
    this.#isEnding = true
    for (const stream of streams) stream.resume()
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<void>((resolveTimeout) => {
      // To a manager that was held up meanwhile it is over before anything was read: that takes another turn.
      timer = setTimeout(() => setImmediate(resolveTimeout), lastLinesMs)
    })
    await Promise.race([Promise.all(ends), timeout])
    clearTimeout(timer)
    this.#isEnding = false
    forget()
    this.hold(false)
    return localExit({ ...end, lines: this.#lines.all })
  }

  async #read(stream: Readable): Promise<void> {
    let forget = (): void => {}
    const lend = (takeRest: () => void): void => {
      forget = watchRest(takeRest)
    }
    const reading = readLines(stream, (line) => this.#take(line), lend)
    stream.on('data', noteOutput)
    await reading
    forget()
  }

  #take(line: string): Promise<unknown> | undefined {
    this.#lines.add(line)
    const taken = this.#listeners.map((listener) => listener(line)).filter((each) => each instanceof Promise)
    // A worker whose pipe is full waits as it writes, so that nothing piles up anywhere.
    return taken.length === 0 || this.#isEnding ? undefined : Promise.all(taken)
  }
}

/**
 * Fresh pages are what large payloads cost most: let malloc ask for huge ones (glibc ≥ 2.35; ignored elsewhere). And
 * compiling the agent, and what users' functions import, is much of what a start costs: Node keeps it beside the agent.
 */
function workerEnv(entry: string): Record<string, string> {
  return {
    GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
    NODE_COMPILE_CACHE: join(dirname(entry), 'compile-cache'),
  }
}
