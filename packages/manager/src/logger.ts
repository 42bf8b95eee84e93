/** Where log lines go. */

import { writeToStandardError } from './standard-error.ts'

/** Facts of a log line, by name. */
export type LogFields = Readonly<Record<string, unknown>>

export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

/** Readable lines on stderr; `debug` is left out unless `DIALBACK_DEBUG` is set. */
export const stderrLogger: Logger = {
  debug(message, fields) {
    if (process.env['DIALBACK_DEBUG']) write('debug', message, fields)
  },
  info: (message) => write('info', message),
  warn: (message) => write('warning', message),
  error: (message) => write('error', message),
}

/** Writes one line of a worker's output as it is shown on the manager. No more is to come before the promise has resolved, if there is one. */
export function writeWorkerLine(workerId: number, line: string): Promise<void> | undefined {
  return writeToStandardError(`      From worker ${workerId}:\t${line}\n`)
}

function write(level: string, message: string, fields?: LogFields): void {
  void writeToStandardError(
    `dialback ${level}: ${message}${fields === undefined ? '' : ` ${JSON.stringify(fields)}`}\n`,
  )
}
