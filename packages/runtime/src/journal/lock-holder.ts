/** Tells whether the process that wrote a lock file is alive. */

import { readFileSync, readlinkSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { hostname } from 'node:os'

interface Holder {
  readonly pid: number
  readonly host: string
  /** Where process ids mean the same: a boot of a machine and a namespace on it. */
  readonly place: string
  /** When it was started, in the kernel's ticks: a process id comes again. Empty where that is not told. */
  readonly startedAt: string
}

export type Judgement =
  | { readonly kind: 'gone' }
  | { readonly kind: 'dead' }
  /** `unknown`: it is, or was, on another machine or in another container. `beatAt`: when it last said that it is alive. */
  | { readonly kind: 'alive' | 'unknown'; readonly beatAt: number }

/** What this process writes into its lock file. */
export function thisProcess(): Holder {
  return { pid: process.pid, host: hostname(), place: placeOfThis(), startedAt: startOf(process.pid) ?? '' }
}

export async function judgeHolder(path: string): Promise<Judgement> {
  try {
    const { mtimeMs } = await stat(path)
    const holder = parseHolder(await readFile(path, 'utf8'))
    if (holder === undefined || holder.place !== placeOfThis()) return { kind: 'unknown', beatAt: mtimeMs }
    return isAlive(holder) ? { kind: 'alive', beatAt: mtimeMs } : { kind: 'dead' }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { kind: 'gone' }
    throw error
  }
}

/** `process 123 on host`, of the text of a lock file. */
export function describeHolder(text: string): string {
  const holder = parseHolder(text)
  return holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, host, place, startedAt } = JSON.parse(text) as Partial<Record<keyof Holder, unknown>>
    const isWhole = typeof host === 'string' && typeof place === 'string' && typeof startedAt === 'string'
    return typeof pid === 'number' && isWhole ? { pid, host, place, startedAt } : undefined
  } catch {
    // Written by another version, or by hand.
    return undefined
  }
}

function isAlive({ pid, startedAt }: Holder): boolean {
  const start = startOf(pid)
  if (start !== undefined) return startedAt === '' || start === startedAt
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Undefined when there is no such process, or nothing is told; empty when it has ended and nobody has asked how. */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the program, in brackets, may have spaces and brackets in it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const [state] = fields
    return state === 'Z' || state === 'X' ? '' : fields[19]
  } catch {
    return undefined
  }
}

function placeOfThis(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
}
