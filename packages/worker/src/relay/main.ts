/** The relay's process: settings from the environment, signals, and the only exit. */

import { keepCompiledCode } from '../keep-code.ts'
import { Relay } from './relay.ts'
import { parseRelaySettings } from './relay-settings.ts'

process.title = 'dialback-relay'

function log(line: string): void {
  process.stdout.write(`relay: ${line}\n`)
}

/**
 * Its pod is taken away, as from a node that is drained, and who dials it turned away until the cluster leads nobody here any
 * more: with its network gone, dialling would not fail but hang.
 */
const lingerMs = 1_500
let relay: Relay | undefined
let isLeaving = false

/** With 0 its Job is complete, and is deleted with all that it owns; with another code it makes another relay. */
function end(reason: string, code = 0): void {
  log(`ends: ${reason}`)
  process.exit(code)
}

function leave(signal: string, code: number): void {
  if (isLeaving) return
  isLeaving = true
  log(`leaves: ${signal}`)
  relay?.leave()
  setTimeout(() => end(signal, code), lingerMs)
}

// As process 1 of a container nothing happens at a signal without a handler.
process.on('SIGTERM', () => leave('SIGTERM', 143))
process.on('SIGINT', () => end('SIGINT', 130))
void open()

async function open(): Promise<void> {
  try {
    relay = await Relay.open({ ...parseRelaySettings(process.env), log, ended: end })
    setImmediate(keepCompiledCode)
  } catch (error) {
    process.stderr.write(
      `cannot start the relay: ${error instanceof Error ? error.message : String(error)}\n`,
    )
    process.exit(1)
  }
}
