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

/**
 * Calls a function of the user's in the middle of something that has to be finished: what it throws is not caught by anybody, as if a
 * listener had thrown it, but only afterwards.
 */
export function callApart<R>(fn: () => R): R | undefined {
  try {
    return fn()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
    return undefined
  }
}

/** A logger of the user's, which may throw. */
export function loggerApart(logger: Logger): Logger {
  return {
    debug: (message, fields) => callApart(() => logger.debug(message, fields)),
    info: (message, fields) => callApart(() => logger.info(message, fields)),
    warn: (message, fields) => callApart(() => logger.warn(message, fields)),
    error: (message, fields) => callApart(() => logger.error(message, fields)),
  }
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
