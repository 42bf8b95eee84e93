/** The lines of one pod: kept until somebody listens, and counted. */

import { setTimeout as delay } from 'node:timers/promises'
import type { LineListener } from '../cluster-manager.ts'
import type { PodLog } from './pod-logs.ts'

/** After the pod's end is known its last lines are waited for, but no longer. */
const lastLinesMs = 150
/** When the script is done, a pod that goes on writing is waited for as often as this. */
const mostLooks = 6
/** When it is done sooner than its pods' logs are open, these are waited for no longer. */
const openingMs = 2_000
/** Lines that come before somebody listens. */
const maxEarlyLines = 1_000

export class PodLines {
  #listener: LineListener | undefined
  #early: string[] = []
  #count = 0

  /** Tells `listener` of what has come and what will. */
  listen(listener: LineListener): void {
    this.#listener = listener
    for (const line of this.#early) listener(line)
    this.#early = []
  }

  /** Gives what the listener gives. */
  take(line: string): unknown {
    this.#count += 1
    if (this.#listener !== undefined) return this.#listener(line)
    if (this.#early.length < maxEarlyLines) this.#early.push(line)
    return undefined
  }

  /** Waits until `log` is open and nothing more comes for a moment; with a limit, for a pod may write without end. */
  async untilQuiet(log: PodLog | undefined): Promise<void> {
    await inTime(log?.opened, openingMs)
    for (let looks = 0, before = -1; this.#count !== before && looks < mostLooks; looks++) {
      before = this.#count
      await delay(lastLinesMs)
    }
  }
}

/** A pod's log ends with its container: waits for what it said last, which may be under way. */
export async function lastLinesCome(log: PodLog | undefined): Promise<void> {
  await inTime(log?.ended, lastLinesMs)
}

async function inTime(what: Promise<void> | undefined, ms: number): Promise<void> {
  if (what === undefined) return
  const timeout = new AbortController()
  await Promise.race([what, delay(ms, undefined, { signal: timeout.signal }).catch(() => {})])
  timeout.abort()
}
