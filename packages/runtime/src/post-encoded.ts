/** Sends what the carrier encoded: first the definitions and modules that the other side does not have. */

import type { Call, Mailbox } from '@dialback/protocol'
import type { Carrier, PreparedFunction } from './carrier.ts'
import type { ModuleNeeds } from './shipping/module-needs.ts'
import type { ModuleFile } from './shipping/shell.ts'

export interface Posting {
  readonly carrier: Carrier
  readonly nextId: () => number
}

/** Sends modules to process `to`, each once. */
export function postModules(
  { carrier, nextId }: Posting,
  mailbox: Mailbox,
  to: number,
  modules: readonly ModuleFile[],
): void {
  for (const module of modules) {
    if (!carrier.sent.isNew('module', mailbox, to, module.id)) continue
    mailbox.post({ type: 'module', id: nextId(), to, hash: module.id }, carrier.encodeModule(module))
  }
}

/** What a call or definition says of its modules. */
export function moduleFields({ loaded, imported }: ModuleNeeds): Pick<Call, 'modules' | 'imports'> {
  return {
    ...(loaded.length > 0 && { modules: loaded }),
    ...(imported.length > 0 && { imports: imported }),
  }
}

/** Sends a function to process `to` unless it has it. @throws {RangeError} when it is too large; it counts as not sent. */
export function postDefinition(
  posting: Posting,
  mailbox: Mailbox,
  to: number,
  { hash, body, modules, needs, handles }: PreparedFunction,
): void {
  if (!posting.carrier.sent.isNew('function', mailbox, to, hash)) return
  postModules(posting, mailbox, to, modules)
  const facts = { ...moduleFields(needs), ...(handles !== undefined && { handles }) }
  try {
    mailbox.post({ type: 'define', id: posting.nextId(), to, hash, ...facts }, body)
  } catch (error) {
    // Else the next call would be sent without it, and asked for it where nobody can be told.
    posting.carrier.sent.forget(mailbox)
    throw error
  }
}
