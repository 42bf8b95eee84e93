/** Sends what the carrier encoded: first the definitions and modules that the other side does not have. */

import type { Mailbox } from '@dialback/protocol'
import type { Carrier, PreparedFunction } from './carrier.ts'
import type { ModuleFile } from './shipping/shell.ts'

export interface Posting {
  readonly carrier: Carrier
  readonly nextId: () => number
}

/** Sends modules to process `to`, each once. Gives their ids, for the message that needs them. */
export function postModules(
  { carrier, nextId }: Posting,
  mailbox: Mailbox,
  to: number,
  modules: readonly ModuleFile[],
): { modules?: string[] } {
  if (modules.length === 0) return {}
  for (const module of modules) {
    if (!carrier.sent.isNew('module', mailbox, to, module.id)) continue
    mailbox.post({ type: 'module', id: nextId(), to, hash: module.id }, carrier.encodeModule(module))
  }
  return { modules: modules.map(({ id }) => id) }
}

/** Sends a function to process `to` unless it has it. @throws {RangeError} when it is too large; it counts as not sent. */
export function postDefinition(
  posting: Posting,
  mailbox: Mailbox,
  to: number,
  { hash, body, modules, handles }: PreparedFunction,
): void {
  if (!posting.carrier.sent.isNew('function', mailbox, to, hash)) return
  const named = postModules(posting, mailbox, to, modules)
  const facts = handles === undefined ? named : { ...named, handles }
  try {
    mailbox.post({ type: 'define', id: posting.nextId(), to, hash, ...facts }, body)
  } catch (error) {
    // Else the next call would be sent without it, and asked for it where nobody can be told.
    posting.carrier.sent.forget(mailbox)
    throw error
  }
}
