/** Takes our own frames from stacks: those that called a user's function, and those between a user's call and its refusal. */

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

/** No call is refused deeper than this below the line that made it. */
const mostOwnFrames = 30

/**
 * Gives an error that a caller is to get the stack of that caller: what V8 took down where the error was made ends before,
 * within our own code.
 */
export function showCaller(error: Error): void {
  const limit = Error.stackTraceLimit
  if (typeof limit !== 'number' || limit < 1) return
  // Where Error is frozen the stack is as long as it can be.
  Reflect.set(Error, 'stackTraceLimit', limit + mostOwnFrames)
  try {
    Error.captureStackTrace(error, showCaller)
  } finally {
    Reflect.set(Error, 'stackTraceLimit', limit)
  }
  // A program may have Node make something else of stacks.
  if (typeof error.stack === 'string') Reflect.set(error, 'stack', fromCaller(error.stack, limit))
}

/** At most `limit` frames, from the first of the user's on if there is one. */
function fromCaller(stack: string, limit: number): string {
  const lines = stack.split('\n')
  const start = lines.findIndex(isFrame)
  if (start === -1) return stack
  const caller = lines.findIndex((line) => isFrame(line) && !isOwnFrame(line) && !isNodeFrame(line))
  const frames = lines.slice(Math.max(start, caller))
  return [...lines.slice(0, start), ...frames.slice(0, limit)].join('\n')
}

/** Undefined when there is nothing to change. */
function withoutOwnFrames(stack: string): string | undefined {
  const lines = stack.split('\n')
  const end = lines.findLastIndex((line) => !isOwnFrame(line) && !isNodeFrame(line)) + 1
  const isOurs = lines.slice(end).some(isOwnFrame)
  // Without any frame the message would be all that is left to find the place by.
  return isOurs && isFrame(lines[end - 1] ?? '') ? lines.slice(0, end).join('\n') : undefined
}

function isFrame(line: string): boolean {
  return /^ +at /.test(line)
}

function isNodeFrame(line: string): boolean {
  return /^ +at .*\bnode:/.test(line)
}

function isOwnFrame(line: string): boolean {
  return isFrame(line) && ownDirectories.some((directory) => line.includes(directory))
}
