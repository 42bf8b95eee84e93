/** Reads what the API server gives of a container's log: its new lines, and whether that was all of it. */

import type { Readable } from 'node:stream'
import { readLines } from '../read-lines.ts'
import type { LogPosition } from './log-position.ts'

export interface LogReading {
  /** The kubelet could not go on, and there may be more. */
  readonly isBroken: boolean
  /** Whether there was a line that had not been read before. */
  readonly hasNew: boolean
}

/**
 * Where the kubelet cannot go on, as on a node with more files open than it may, it says so in place of the log's next line,
 * without a time. Source: k8s.io/cri-client pkg/logs/logs.go.
 */
const kubeletsOwn =
  /^(failed to (create fsnotify watcher:|watch directory|try resolving symlinks|open log file)|unable to retrieve container logs for) /

/** @param body with times; resolves when it has closed. @param position knows what was read before */
export async function readLog(
  body: Readable,
  position: LogPosition,
  take: (line: string) => void,
): Promise<LogReading> {
  let isBroken = false
  let hasNew = false
  await readLines(body, (stamped) => {
    isBroken ||= kubeletsOwn.test(stamped)
    const line = isBroken ? undefined : position.take(stamped)
    if (line === undefined) return
    hasNew = true
    take(line)
  })
  return { isBroken, hasNew }
}
