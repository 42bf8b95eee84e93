/** Takes from the stack of what a user's function threw the frames that called it: these are of no use to anybody. */

import { fileURLToPath } from 'node:url'

/** Where the code of this file is: on a worker, all code of ours. */
const ownDirectory = new URL('.', import.meta.url)
const ownDirectories = [ownDirectory.href, fileURLToPath(ownDirectory)]

/** Changes the stack of an error, if it has one that ends with our own frames and begins with others. */
export function dropOwnFrames(thrown: unknown): void {
  try {
    if (!(thrown instanceof Error) || typeof thrown.stack !== 'string') return
    const stack = withoutOwnFrames(thrown.stack)
    if (stack !== undefined) Reflect.set(thrown, 'stack', stack)
  } catch {
    // What was thrown may be anything, also what throws at a touch.
  }
}

/** Undefined when there is nothing to change. */
function withoutOwnFrames(stack: string): string | undefined {
  const lines = stack.split('\n')
  const end = lines.findLastIndex((line) => !isOwnFrame(line) && !/^ +at .*\bnode:/.test(line)) + 1
  const isOurs = lines.slice(end).some(isOwnFrame)
  // Without any frame the message would be all that is left to find the place by.
  return isOurs && /^ +at /.test(lines[end - 1] ?? '') ? lines.slice(0, end).join('\n') : undefined
}

function isOwnFrame(line: string): boolean {
  return /^ +at /.test(line) && ownDirectories.some((directory) => line.includes(directory))
}
