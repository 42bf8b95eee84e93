/** The agent's process: settings from standard input or, in a pod, the environment; signals; and the only exit. */

import { Agent } from './agent.ts'
import { writeAll } from './direct-output.ts'
import { keepCompiledCode } from './keep-code.ts'
import { watchStandardInput } from './orphan-guard.ts'
import {
  defaultDrainMs,
  defaultPatienceMs,
  ownVariables,
  parseSettings,
  type Settings,
  settingsFromEnvironment,
} from './settings.ts'

let agent: Agent | undefined
let isExiting = false
/** As of what V8 aborts: the other threads may still be collecting garbage, and the signal is to tell the same. */
const outOfMemoryCode = 134
/** To end, once told to. */
const threadsMayTakeMs = 500
/** Why it ends, while the pipe is full. */
const lastWordMayTakeMs = 500

// First of all: without a handler a SIGTERM would kill at once, or as process 1 of a container do nothing.
process.on('SIGTERM', () => {
  if (agent === undefined) exit(143)
  else void agent.drain()
})
process.title = 'dialback-worker'

void start()

async function start(): Promise<void> {
  try {
    const remote = settingsFromEnvironment(process.env)
    // Of a local worker Ctrl-C in a terminal reaches this as well; what it means is for the manager to say.
    process.on('SIGINT', () => {
      if (remote !== undefined) process.emit('SIGTERM')
    })
    // And so does the end of the terminal, which a manager may survive.
    if (remote === undefined) process.on('SIGHUP', () => {})
    for (const name of ownVariables) delete process.env[name]
    const settings = remote ?? (await settingsFromInput())
    const threadEntry = new URL('./thread.js', import.meta.url)
    const { threads, isRemote = false, patienceMs = defaultPatienceMs, drainMs = defaultDrainMs } = settings
    const { openings = [] } = settings
    agent = await Agent.start({
      credentials: settings,
      threads,
      isRemote,
      patienceMs,
      openings,
      // A pod is killed by the cluster, after as long as its manifest says.
      drainMs: isRemote ? undefined : drainMs,
      threadEntry,
      waits: say,
      exit,
    })
    setImmediate(keepCompiledCode)
  } catch (error) {
    exit(1, `cannot start: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function settingsFromInput(): Promise<Settings> {
  const line = firstLine(process.stdin)
  watchStandardInput(() => exit(1))
  return parseSettings(await line)
}

/** Without `node:readline`, which takes 6 ms to load. */
function firstLine(input: NodeJS.ReadStream): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  let text = ''
  const take = (chunk: string): void => {
    text += chunk
    const end = text.indexOf('\n')
    if (end === -1) return
    input.off('data', take)
    resolve(text.slice(0, end))
  }
  input.setEncoding('utf8').on('data', take)
  return promise
}

function exit(code: number, reason?: string): void {
  if (isExiting) return
  isExiting = true
  if (reason !== undefined) say(reason)
  if (agent === undefined) process.exit(code)
  // `process.exit` waits for each thread, for ever if need be: one may be blocked in a call such as `execFileSync`.
  const signal = code === outOfMemoryCode ? 'SIGABRT' : 'SIGKILL'
  setTimeout(() => process.kill(process.pid, signal), threadsMayTakeMs)
  void agent.stopThreads().then(() => process.exit(code))
}

function say(what: string): void {
  writeAll(2, Buffer.from(`${what}\n`), lastWordMayTakeMs)
}
