/** Runs one Node program to its end and makes sure that nothing of it stays. */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { readProc, runningPids } from './process-memory.ts'
import { programFolderVariable } from './program-path.ts'

export interface Ended {
  /** From before the process was started until it had ended. */
  readonly seconds: number
  readonly output: string
  /** A failure with the last of its stderr, or what it left behind. */
  readonly problem?: string
}

export interface ProgramOptions {
  readonly programFolder: string
  /** Pins it and all that it starts to the first core. */
  readonly isOnOneCore: boolean
  /** Kills it and all that it started; the promise then rejects with the reason. */
  readonly signal: AbortSignal
}

const timeoutMs = 10 * 60_000
const leftoverGraceMs = 3000
/** In the environment of the program and so of all that it starts. */
const markVariable = 'DIALBACK_BENCH_RUN'

export async function runProgram(args: readonly string[], options: ProgramOptions): Promise<Ended> {
  options.signal.throwIfAborted()
  const mark = `${markVariable}=${randomUUID()}`
  const deadline = AbortSignal.timeout(timeoutMs)
  const stopped = AbortSignal.any([options.signal, deadline])
  const kill = (): void => killAll(findMarked(mark))
  stopped.addEventListener('abort', kill)
  const start = performance.now()
  const child = startNode(args, options, mark)
  const output = collect(child.stdout)
  const errors = collect(child.stderr)
  const closed = once(child, 'close')
  await once(child, 'exit')
  const seconds = (performance.now() - start) / 1000
  const leftovers = await endLeftovers(mark)
  // Not before: what is left over may hold the pipes.
  await closed
  stopped.removeEventListener('abort', kill)
  options.signal.throwIfAborted()
  const problem = findProblem(child, { isLate: deadline.aborted, errors: errors(), leftovers })
  return { seconds, output: output(), ...(problem !== undefined && { problem }) }
}

function startNode(
  args: readonly string[],
  { isOnOneCore, programFolder }: ProgramOptions,
  mark: string,
): ChildProcessWithoutNullStreams {
  const [variable, value] = mark.split('=')
  const env = { ...process.env, [programFolderVariable]: programFolder, [variable ?? '']: value }
  // Standard input stays open as long as the bench runs; run.ts ends when it closes.
  if (isOnOneCore) return spawn('taskset', ['-c', '0', process.execPath, ...args], { env })
  return spawn(process.execPath, args, { env })
}

function collect(stream: Readable): () => string {
  let text = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    text += chunk
  })
  return () => text
}

/** Gives what the program started the time to end too; returns the command lines of what had to be killed. */
async function endLeftovers(mark: string): Promise<string[]> {
  const start = performance.now()
  let pids = findMarked(mark)
  while (pids.length > 0 && performance.now() - start < leftoverGraceMs) {
    // They are not children of this process, whose end is the only one that it is told of.
    await delay(20)
    pids = findMarked(mark)
  }
  const commands = pids.map((pid) => readProc(`${pid}/cmdline`).replaceAll('\0', ' ').trim())
  killAll(pids)
  return commands
}

function findMarked(mark: string): number[] {
  return runningPids().filter((pid) => readProc(`${pid}/environ`).split('\0').includes(mark))
}

function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      // It ended by itself meanwhile.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
  }
}

interface Evidence {
  readonly isLate: boolean
  readonly errors: string
  readonly leftovers: readonly string[]
}

function findProblem(
  { exitCode, signalCode }: ChildProcessWithoutNullStreams,
  { isLate, errors, leftovers }: Evidence,
): string | undefined {
  if (isLate) return `not done after ${timeoutMs / 1000} s`
  if (exitCode !== 0) return `exit code ${exitCode ?? signalCode}: ${errors.trim().slice(-1500)}`
  if (leftovers.length > 0) return `left ${leftovers.length} processes behind: ${leftovers[0]}`
  return undefined
}
