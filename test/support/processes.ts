/** Finds what a test has left running. Reads `/proc`, so it needs Linux. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** The variable that a test sets in the environment of what it starts; what that starts inherits it. */
export const testIdVariable = 'DIALBACK_TEST_ID'

export interface LiveProcess {
  readonly pid: number
  readonly commandLine: string
}

/** Lists the live processes, but for this one, that were started with `variable=id` in their environment. */
export function processesOf(id: string, variable: string = testIdVariable): LiveProcess[] {
  if (!existsSync('/proc')) return []
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .filter((pid) => parts(pid, 'environ').includes(`${variable}=${id}`))
    .map((pid) => ({ pid: Number(pid), commandLine: parts(pid, 'cmdline').join(' ').trim() }))
}

/** Waits for those processes to end: resolves to none as soon as none is left, else to those left when time is up. */
export async function processesLeft(
  id: string,
  withinMs = 20_000,
  variable: string = testIdVariable,
): Promise<LiveProcess[]> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const left = processesOf(id, variable)
    if (left.length === 0 || performance.now() > deadline) return left
    await sleep(50)
  }
}

/** Waits until a process is stopped, as SIGSTOP does it: nothing tells of that, so this looks again and again. */
export async function processStopped(pid: number): Promise<void> {
  while (!/^State:\tT/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) await sleep(5)
}

function parts(pid: string, file: 'environ' | 'cmdline'): string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0')
  } catch {
    // It has ended since the listing, or is not ours to read.
    return []
  }
}
