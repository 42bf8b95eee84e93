/** Tells a thread whose code does not yield from one that only has not had its turn on a busy machine. */

import { readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** What the system says of a thread. */
export interface ThreadUse {
  /** What it has computed, in ms. */
  readonly cpuMs: number
  /** It waits for something, and not for its turn. */
  readonly isAsleep: boolean
}

export interface StuckOptions {
  /** What it may compute, or sleep, before it counts as stuck, in ms. */
  readonly graceMs: number
  /** Undefined where the system does not say: then time that passes counts as computed. */
  readonly use: () => ThreadUse | undefined
}

const lookEveryMs = 50
/** What a thread that sleeps may compute all the same from one look to the next. */
const idleMs = 1

/**
 * Resolves to true when `answered` does, and to false when the thread has computed for `graceMs` without answering, or
 * sleeps where nothing wakes it: in a system call, since a thread that only waits for events would have answered.
 */
export async function answersInTime(
  answered: Promise<true>,
  { graceMs, use }: StuckOptions,
): Promise<boolean> {
  const stop = new AbortController()
  const looks = look(use, graceMs, stop.signal)
  try {
    return await Promise.race([answered, looks])
  } finally {
    stop.abort()
    await looks
  }
}

/** Resolves to false once the thread is stuck. */
async function look(use: StuckOptions['use'], graceMs: number, signal: AbortSignal): Promise<false> {
  const first = use()
  let last = first
  for (let passedMs = 0; !signal.aborted; passedMs += lookEveryMs) {
    await delay(Math.min(lookEveryMs, graceMs), undefined, { signal }).catch(() => {})
    const now = use()
    const computedMs = now && first ? now.cpuMs - first.cpuMs : passedMs
    if (computedMs >= graceMs) return false
    const hasSlept = now && last && now.isAsleep && last.isAsleep && now.cpuMs - last.cpuMs < idleMs
    if (hasSlept === true && passedMs >= graceMs) return false
    last = now
  }
  return false
}

/** The system's number of the thread that calls; undefined where there is none to be had. */
export function ownThreadId(): number | undefined {
  try {
    return Number(readlinkSync('/proc/thread-self').split('/').at(-1))
  } catch {
    return undefined
  }
}

/** What a thread of this process does, on Linux. */
export function threadUse(threadId: number | undefined): ThreadUse | undefined {
  if (threadId === undefined) return undefined
  try {
    const folder = `/proc/self/task/${threadId}`
    const [nanoseconds] = readFileSync(`${folder}/schedstat`, 'utf8').split(' ')
    const stat = readFileSync(`${folder}/stat`, 'utf8')
    // The second field, the name in parentheses, may hold anything.
    const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)
    return { cpuMs: Number(nanoseconds) / 1e6, isAsleep: state === 'S' }
  } catch {
    return undefined
  }
}
