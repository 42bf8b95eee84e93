/** Whether others use the machine now: figures of a busy one mean nothing. */

import { setTimeout as delay } from 'node:timers/promises'
import { readProc } from './process-memory.ts'

const sampleMs = 200
const patienceMs = 20_000
/** Of all cores together. */
const quietShare = 0.06

/** Waits until the machine is quiet; false when it was not for 20 s. */
export async function waitForQuiet(signal: AbortSignal): Promise<boolean> {
  const start = performance.now()
  while (performance.now() - start < patienceMs) {
    if ((await busyShare(signal)) < quietShare) return true
  }
  return false
}

async function busyShare(signal: AbortSignal): Promise<number> {
  const before = readTicks()
  await delay(sampleMs, undefined, { signal })
  const after = readTicks()
  const all = after.all - before.all
  return all === 0 ? 0 : 1 - (after.idle - before.idle) / all
}

/** What a virtual machine's host takes away (steal) is not idle. */
function readTicks(): { all: number; idle: number } {
  const ticks = readProc('stat').split('\n', 1)[0]?.trim().split(/\s+/).slice(1, 9).map(Number) ?? []
  const [, , , idle = 0, ioWait = 0] = ticks
  return { all: ticks.reduce((sum, each) => sum + each, 0), idle: idle + ioWait }
}
