/** Tells frames of a stack that are the user's code from Node's and our own. */

import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
/** Of this package, of those beside it, and of the agent: beside the code of its package, or in an image. */
const ownDirectories: readonly string[] = [
  dirname(dirname(fileURLToPath(import.meta.url))),
  ...['@dialback/runtime', '@dialback/protocol'].map((name) => dirname(require.resolve(name))),
  dirname(dirname(require.resolve('@dialback/worker'))),
  '/opt/dialback/agent',
].map((directory) => `${directory}/`)

/** Leaves them out of a text with stacks, be it an error's `stack` or what `inspect` makes of it. */
export function withoutOwnFrames(text: string): string {
  const lines: string[] = []
  for (const line of text.split('\n')) {
    const last = lines.at(-1)
    if (!isOwnFrame(line)) lines.push(line)
    // Fields follow.
    else if (line.endsWith(' {') && last !== undefined) lines.push(`${lines.pop()} {`)
  }
  return lines.join('\n')
}

function isOwnFrame(line: string): boolean {
  if (/^\s+\.{3} \d+ lines matching cause stack trace \.{3}$/.test(line)) return true
  return /^\s+at /.test(line) && (/\bnode:/.test(line) || ownDirectories.some((each) => line.includes(each)))
}
