/** The option `-n`, the same for each command that has it. */

import { InvalidArgumentError, Option } from 'commander'

/** `count`: of workers when neither the command line nor the environment says. */
export function workersOption(description: string, count: number): Option {
  return new Option('-n, --workers <n>', description)
    .env('DIALBACK_WORKERS')
    .default(count)
    .argParser(wholeNumber)
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number of at least 0.')
}
