/** Reads a duration from a command line. */

import { durationMs } from '@dialback/protocol'
import { InvalidArgumentError } from 'commander'

/** @returns ms @throws {InvalidArgumentError} for what is none. */
export function durationOption(text: string): number {
  try {
    // A number is seconds, as where the API takes one.
    return durationMs(/^\d+$/.test(text) ? Number(text) : text, 'It')
  } catch (error) {
    throw new InvalidArgumentError(`${error instanceof Error ? error.message : String(error)}.`)
  }
}
