/** Runs a script the way a user does: in a process of its own, with this repository's Node, from its sources. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** The repository's root. */
export const root: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

export interface ScriptOptions {
  readonly args?: readonly string[]
  /** Added to this process's environment; undefined takes a variable out. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Default: the repository's root. */
  readonly cwd?: string
  /** Written to the script's stdin, which is empty otherwise. */
  readonly input?: string
  /** When it is killed, and its `ended` rejects. @default 80_000, less than a test may take */
  readonly timeoutMs?: number
  /** True: by tsx rather than by Node's own type stripping. */
  readonly tsx?: boolean
}

/** How a script ended, and all that it wrote. */
export interface ScriptEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** From its start to its end. */
  readonly ms: number
}

export interface RunningScript {
  readonly pid: number
  readonly ended: Promise<ScriptEnd>
  /** Waits until it has written `text` to stdout or stderr. @throws {Error} when it ends without. */
  wrote(text: string): Promise<void>
  kill(signal: NodeJS.Signals): void
}

/** Runs a script to its end. `path`: absolute, or from the repository's root. @throws {Error} when its time is up. */
export async function runScript(path: string, options: ScriptOptions = {}): Promise<ScriptEnd> {
  return await startScript(path, options).ended
}

/** Starts a script without waiting for its end. `path`: absolute, or from the repository's root. */
export function startScript(path: string, options: ScriptOptions = {}): RunningScript {
  const loader = options.tsx ? ['--import', import.meta.resolve('tsx')] : []
  const child = spawn(process.execPath, [...loader, resolve(root, path), ...(options.args ?? [])], {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
    stdio: 'pipe',
  })
  child.stdin.end(options.input ?? '')
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const ended = endOf(child, path, options.timeoutMs ?? 80_000, () => ({
    stdout: stdout(),
    stderr: stderr(),
  }))
  // Whoever waits for it is told; whoever only waits for some text need not be.
  ended.catch(() => {})
  return {
    pid: child.pid ?? 0,
    ended,
    wrote: async (text) => {
      while (!(stdout() + stderr()).includes(text)) {
        const listening = new AbortController()
        const { signal } = listening
        const more = [once(child.stdout, 'data', { signal }), once(child.stderr, 'data', { signal })]
        const end = await Promise.race([...more, ended]).finally(() => listening.abort())
        if ('code' in end) throw new Error(`${path} never wrote "${text}"\n${end.stdout}\n${end.stderr}`)
      }
    },
    kill: (signal) => void child.kill(signal),
  }
}

async function endOf(
  child: ChildProcess,
  path: string,
  timeoutMs: number,
  output: () => Pick<ScriptEnd, 'stdout' | 'stderr'>,
): Promise<ScriptEnd> {
  const startedAt = performance.now()
  const deadline = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  const closed = once(child, 'close')
  await once(child, 'exit')
  const ms = performance.now() - startedAt
  clearTimeout(deadline)
  // A worker that outlives its manager keeps the pipes open; the test is to find it, not to hang on it.
  await Promise.race([closed, sleep(1_000, undefined, { ref: false })])
  // Time may be up because this process was held up, before it has read what is there.
  await turn()
  const { stdout, stderr } = output()
  if (ms >= timeoutMs) throw new Error(`${path} did not end within ${timeoutMs} ms\n${stdout}\n${stderr}`)
  return { code: child.exitCode, signal: child.signalCode, stdout, stderr, ms }
}

/** Gives the text that came so far. */
function collect(stream: Readable): () => string {
  let text = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    text += chunk
  })
  return () => text
}
