/** Splits what a worker writes into lines, bounded in length: a worker that never ends its line takes no memory here. */

import type { Readable } from 'node:stream'

/** What is longer is cut into several lines. In UTF-16 units. */
const maxLineLength = 64 * 1024

/** Gives each line without its end, the last one also if it has none. Resolves when the stream has closed. */
export async function readLines(stream: Readable, take: (line: string) => void): Promise<void> {
  let rest = ''
  const takeLine = (line: string): void => {
    for (let at = 0; at === 0 || at < line.length; at += maxLineLength)
      take(line.slice(at, at + maxLineLength))
  }
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) takeLine(line.endsWith('\r') ? line.slice(0, -1) : line)
    if (rest.length < maxLineLength) return
    takeLine(rest)
    rest = ''
  })
  stream.once('end', () => {
    if (rest !== '') takeLine(rest)
  })
  // Reading fails when the process has ended, of which its `exit` tells.
  stream.on('error', () => {})
  await new Promise<void>((resolve) => stream.once('close', resolve))
}
