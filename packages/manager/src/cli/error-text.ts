/** Pure: an error as its user wants to see it: what happened, where in the user's own code, and what to do about it. */

import { inspect } from 'node:util'
import { withoutOwnFrames } from './own-frames.ts'

/** Of an `AggregateError`: one for each worker, and there may be a thousand. */
const maxErrors = 10

/**
 * Leaves out what only the error's handlers need: fields that the message tells already, the same stack once for each process that
 * it came through, and what is not the user's code in that. `inspect` shows them.
 *
 * @param isOurs whether something is a `DialbackError`
 * @returns undefined for what is none, and has none in it.
 */
export function errorText(error: unknown, isOurs: (error: unknown) => boolean): string | undefined {
  if (!(error instanceof Error)) return undefined
  if (isOurs(error)) return `${error.name}: ${error.message}${details(error, isOurs)}`
  if (!(error instanceof AggregateError && error.errors.some(isOurs))) return undefined
  const errors: readonly unknown[] = error.errors
  const shown = errors.slice(0, maxErrors).map((each) => errorText(each, isOurs) ?? plainText(each))
  const more = errors.length > maxErrors ? [`… and ${errors.length - maxErrors} more`] : []
  return [`${error.name}: ${error.message}${framesOf(error)}`, ...[...shown, ...more].map(indented)].join(
    '\n',
  )
}

/** Any other value: as Node shows it, without frames that are not the user's. */
export function plainText(value: unknown, show: (value: unknown) => string = inspect): string {
  return value instanceof Error ? withoutOwnFrames(show(value)) : show(value)
}

/** What follows the message. */
function details(error: Error, isOurs: (error: unknown) => boolean): string {
  const thrown = innermost(error)
  if (thrown === error || isOurs(thrown)) return `${framesOf(error)}${adviceOf(thrown)}`
  if (thrown instanceof Error) return fromFirstFrame(plainText(thrown))
  const isInMessage = typeof thrown !== 'object' || error.message.endsWith(inspect(thrown))
  return isInMessage ? '' : `\n${indented(inspect(thrown))}`
}

/** What was thrown in the end, on whichever process. */
function innermost(error: unknown): unknown {
  return error instanceof Error && error.name === 'RemoteError' ? innermost(error.cause) : error
}

function adviceOf(error: unknown): string {
  const advice: unknown = error instanceof Error && 'advice' in error ? error.advice : undefined
  return typeof advice === 'string' ? `\n${indented(advice)}` : ''
}

function framesOf(error: Error): string {
  const frames = fromFirstFrame(withoutOwnFrames(error.stack ?? ''))
  // An error can have been made with others, of which its stack does not tell.
  return frames.replace(/ \{$/, '')
}

function fromFirstFrame(text: string): string {
  const at = text.search(/\n +at /)
  return at === -1 ? '' : text.slice(at)
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}
