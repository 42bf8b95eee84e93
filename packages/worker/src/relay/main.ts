/** The relay's process: settings from the environment, signals, and the only exit. */

import { keepCompiledCode } from '../keep-code.ts'
import { Relay } from './relay.ts'
import { parseRelaySettings } from './relay-settings.ts'

process.title = 'dialback-relay'

function log(line: string): void {
  process.stdout.write(`relay: ${line}\n`)
}

/** Always with 0: a relay that has ended in order is a Job that is complete, and is deleted with all that it owns. */
function end(reason: string): void {
  log(`ends: ${reason}`)
  process.exit(0)
}

// As process 1 of a container nothing happens at a signal without a handler.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end(signal))
void open()

async function open(): Promise<void> {
  try {
    await Relay.open({ ...parseRelaySettings(process.env), log, ended: end })
    setImmediate(keepCompiledCode)
  } catch (error) {
    process.stderr.write(
      `cannot start the relay: ${error instanceof Error ? error.message : String(error)}\n`,
    )
    process.exit(1)
  }
}
