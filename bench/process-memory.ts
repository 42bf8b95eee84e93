/** What Linux tells of processes' memory. */

import { readdirSync, readFileSync } from 'node:fs'

export interface Memory {
  readonly rssBytes: number
  /** Each page divided by the number of processes that share it. */
  readonly pssBytes: number
}

/** Of all `pids` together; a process that ended meanwhile counts as nothing. */
export function memoryOf(pids: Iterable<number>): Memory {
  let rssBytes = 0
  let pssBytes = 0
  for (const pid of pids) {
    const text = readProc(`${pid}/smaps_rollup`)
    rssBytes += field(text, 'Rss')
    pssBytes += field(text, 'Pss')
  }
  return { rssBytes, pssBytes }
}

/** The most resident memory that a process had since it started. */
export function peakMemoryBytes(pid: number): number {
  return field(readProc(`${pid}/status`), 'VmHWM')
}

/** A process and all its descendants. */
export function processTree(root: number): Set<number> {
  const childrenOf = Map.groupBy(runningPids(), parentOf)
  const tree = new Set([root])
  // A set also iterates over what is added meanwhile.
  for (const pid of tree) for (const child of childrenOf.get(pid) ?? []) tree.add(child)
  return tree
}

export function runningPids(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid))
}

/** A file below `/proc`; empty when the process is gone or another user's. */
export function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8')
  } catch {
    return ''
  }
}

function parentOf(pid: number): number {
  // The second field, the command in parentheses, may hold anything.
  const text = readProc(`${pid}/stat`)
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1])
}

/** `Name:  123 kB` in bytes. */
function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024
}
