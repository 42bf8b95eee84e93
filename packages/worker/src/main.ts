/** The agent's process: settings from standard input, signals, and the only exit. */

import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Agent } from './agent.ts'
import { watchStandardInput } from './orphan-guard.ts'
import { parseSettings } from './settings.ts'

let agent: Agent | undefined
let isExiting = false
/** To end, once told to. */
const threadsMayTakeMs = 500

// First of all: without a handler a SIGTERM would kill at once, or as process 1 of a container do nothing.
process.on('SIGTERM', () => {
  if (agent === undefined) exit(143)
  else void agent.drain()
})
// Ctrl-C in a terminal reaches the workers too; what it means is for the manager to say.
process.on('SIGINT', () => {})
process.title = 'dialback-worker'

createInterface({ input: process.stdin }).once('line', (line) => void start(line))
watchStandardInput(() => exit(1))

async function start(line: string): Promise<void> {
  try {
    const settings = parseSettings(line)
    const threadEntry = new URL('./thread.js', import.meta.url)
    const { threads, isRemote = false } = settings
    agent = await Agent.start({ credentials: settings, threads, isRemote, threadEntry, exit })
  } catch (error) {
    exit(1, `cannot start: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function exit(code: number, reason?: string): void {
  if (isExiting) return
  isExiting = true
  if (reason !== undefined) {
    try {
      writeSync(2, `${reason}\n`)
    } catch {
      // The manager that would have read it is gone.
    }
  }
  if (agent === undefined) process.exit(code)
  // `process.exit` waits for each thread, for ever if need be: one may be blocked in a call such as `execFileSync`.
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), threadsMayTakeMs)
  void agent.stopThreads().then(() => process.exit(code))
}
