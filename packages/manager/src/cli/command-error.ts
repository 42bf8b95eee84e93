/** What a command ends with, and how its user is told. */

import { inspect } from 'node:util'
import { CommanderError } from 'commander'

/** The exit codes of `dialback`; `run` gives its script's own. Documented in docs/cli.md. */
export const exitCodes = { ok: 0, failure: 1, usage: 2, unread: 141 } as const

/** A command cannot do what it was asked; the message is a sentence for its user, without a stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  /** What to do about it, one sentence. */
  readonly advice: string | undefined
  readonly exitCode: number

  constructor(message: string, options: { advice?: string; exitCode?: number; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.advice = options.advice
    this.exitCode = options.exitCode ?? exitCodes.failure
  }
}

/** Tells why a command failed and gives its exit code; stacks and causes are for those who ask for them. */
export function reportFailure(error: unknown, isVerbose: boolean): number {
  // What is wrong with the command line commander has told already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  process.stderr.write(`${failureText(error, isVerbose)}\n`)
  return error instanceof CommandError ? error.exitCode : exitCodes.failure
}

/** `error: Cannot …`, what to do about it, and with `isVerbose` where it came from. */
export function failureText(error: unknown, isVerbose: boolean): string {
  if (isVerbose) return `error: ${inspect(error)}`
  const message = error instanceof Error ? error.message : String(error)
  const advice: unknown = error instanceof Error && 'advice' in error ? error.advice : undefined
  const lines = [`error: ${message}`]
  if (typeof advice === 'string') lines.push(advice)
  if (!(error instanceof CommandError)) lines.push('(--verbose shows where it comes from)')
  return lines.join('\n')
}
