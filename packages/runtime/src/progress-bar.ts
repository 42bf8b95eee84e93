/** Draws progress as one line of a terminal. */

import type { Progress } from './progress.ts'
import { barsOn } from './progress-bars.ts'
import { canErase } from './terminal-bottom.ts'

/** The part of `process.stderr` that a bar needs. */
export interface ProgressTerminal {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

const barWidth = 24
/** Of a terminal that does not say how wide it is, or that it has no columns at all, as one that nobody looks at. */
const defaultColumns = 80

/** Gives what draws onto `terminal`; undefined when that is none. */
export function progressBar(
  label: string,
  terminal: ProgressTerminal,
): ((progress: Progress, isFinal: boolean) => void) | undefined {
  if (terminal.isTTY !== true || (terminal === process.stderr && !canErase())) return undefined
  const bars = barsOn(terminal)
  const bar = {}
  return (progress, isFinal) => {
    // A line that wraps could not be erased again.
    const line = progressLine(label, progress).slice(0, (terminal.columns || defaultColumns) - 1)
    if (isFinal) bars.finish(bar, line)
    else bars.draw(bar, line)
  }
}

/** `pmap [######······] 50/100 50% 12.5/s, 4 s left, 1 failed`; without the bar when the total is unknown. */
export function progressLine(label: string, progress: Progress): string {
  const { done, failed, total, ratePerSecond, etaMs } = progress
  const finished = done + failed
  const rate = `${ratePerSecond.toFixed(ratePerSecond < 100 ? 1 : 0)}/s`
  const notes = [rate]
  if (etaMs !== undefined && finished !== total) notes.push(`${formatMs(etaMs)} left`)
  if (failed > 0) notes.push(`${failed} failed`)
  if (total === undefined) return `${label} ${finished} ${notes.join(', ')}`
  const share = total === 0 ? 1 : finished / total
  const filled = Math.round(share * barWidth)
  const bar = '#'.repeat(filled) + '·'.repeat(barWidth - filled)
  return `${label} [${bar}] ${finished}/${total} ${Math.floor(share * 100)}% ${notes.join(', ')}`
}

function formatMs(ms: number): string {
  const seconds = Math.ceil(ms / 1_000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
