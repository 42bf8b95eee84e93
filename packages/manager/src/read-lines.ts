/** Splits what a worker writes into lines, bounded in length: a worker that never ends its line takes no memory here. */

import type { Readable } from 'node:stream'

/** What is longer is cut into several lines. In UTF-16 units. */
const maxLineLength = 64 * 1024

/**
 * Gives each line without its end, the last one also if it has none. Resolves when the stream has closed.
 *
 * @param take where it gives promises, no more is read until they have settled: what comes meanwhile is the rest of a chunk.
 * @param lend is given, before anything is read, what makes a line of one that has begun and not ended yet.
 */
export async function readLines(
  stream: Readable,
  take: (line: string) => unknown,
  lend?: (takeRest: () => void) => void,
): Promise<void> {
  let rest = ''
  let waitedFor = 0
  const goOn = (): void => {
    waitedFor -= 1
    if (waitedFor === 0) stream.resume()
  }
  const takeLine = (line: string): void => {
    for (let at = 0; at === 0 || at < line.length; at += maxLineLength) {
      const taken = take(line.slice(at, at + maxLineLength))
      if (!(taken instanceof Promise)) continue
      waitedFor += 1
      stream.pause()
      // Why it rejects is not for us to say, nor to hide.
      void taken.finally(goOn)
    }
  }
  const takeRest = (): void => {
    const line = rest
    rest = ''
    if (line !== '') takeLine(line)
  }
  lend?.(takeRest)
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) takeLine(line.endsWith('\r') ? line.slice(0, -1) : line)
    if (rest.length >= maxLineLength) takeRest()
  })
  stream.once('end', takeRest)
  // Reading fails when the process has ended, of which its `exit` tells.
  stream.on('error', () => {})
  await new Promise<void>((resolve) => stream.once('close', resolve))
}
