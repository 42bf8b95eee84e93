/** The command line of the soak. */

import { parseArgs } from 'node:util'

export interface SoakOptions {
  readonly isHelpWanted: boolean
  readonly minutes: number
  /** Calls and items in all. */
  readonly calls: number
  readonly deaths: number
}

export const usage: string = `npm run soak -- [--minutes N] [--calls N] [--deaths N]

Calls workers for a long time while workers are killed and others join, and prints the memory of the manager and of
its workers each 30 s. Fails when a call does not settle or gives something wrong, or when memory goes on growing
after the first minute. SIGINT and SIGTERM end it early, with the figures so far.

--minutes N   how long at least (default 10)
--calls N     calls and items at least (default 1000000)
--deaths N    workers that are ended meanwhile (default 1000)
`

/** @throws {RangeError | TypeError} naming what is wrong. */
export function parseSoakOptions(argv: readonly string[]): SoakOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      minutes: { type: 'string', default: '10' },
      calls: { type: 'string', default: '1000000' },
      deaths: { type: 'string', default: '1000' },
    },
  })
  return {
    isHelpWanted: values.help,
    minutes: positive('minutes', values.minutes),
    calls: positive('calls', values.calls),
    deaths: positive('deaths', values.deaths),
  }
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new RangeError(`--${name} is not a positive number: ${text}`)
  return value
}
