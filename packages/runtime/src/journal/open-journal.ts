/** Opens the journal that the options of a verb ask for. */

import { JournalError } from '@dialback/protocol'
import type { AnyFunction } from '../caller.ts'
import type { CollectionHost } from '../collection-host.ts'
import type { Journal } from './journal.ts'
import type { ResolvedJournalOptions } from './journal-options.ts'

/**
 * @throws {JournalError} on a worker, whose disk is not the place for what is to outlive it, and as `Journal.open`.
 * @throws {SerializationError} when the function has something that could not be told from something else later.
 */
export async function openJournal(
  host: CollectionHost,
  fn: AnyFunction,
  options: ResolvedJournalOptions,
): Promise<Journal> {
  const { carrier } = host
  if (carrier === undefined || host.id !== 1) {
    const text = `Cannot use journal ${options.file} on worker ${host.id}: only process 1 keeps one, so return the values to it`
    throw new JournalError(options.file, 'misplaced', text)
  }
  await carrier.load()
  const fingerprint = carrier.fingerprint(fn)
  // Loaded when there is one: what few maps need would make every process start later.
  const { Journal: journals } = await import('./journal.ts')
  return await journals.open({ options, fingerprint, warn: (text) => host.warn?.(text) })
}
