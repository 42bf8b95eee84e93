/** The `journal` option of `pmap` and `imap`, and the one place that checks it. */

import { describe } from '@dialback/protocol'

export interface JournalOptions<T = unknown> {
  /** Where finished items are kept; made when it is not there, its directory must be. */
  readonly file: string
  /**
   * What names an item: any plain data, a name or number best.
   *
   * @default the item itself
   */
  readonly key?: ((item: T, index: number) => unknown) | undefined
  /**
   * What becomes of results that another function gave: `reject` fails and says what has changed, `restart` drops them, `keep`
   * takes them for results of this function.
   *
   * @default 'reject'
   */
  readonly onChange?: 'reject' | 'restart' | 'keep' | undefined
}

export interface ResolvedJournalOptions {
  readonly file: string
  readonly key: (item: unknown, index: number) => unknown
  readonly onChange: 'reject' | 'restart' | 'keep'
}

const known = ['file', 'key', 'onChange']

/** @throws {TypeError | RangeError} that repeats an unknown key or a bad value. */
export function resolveJournal(value: unknown): ResolvedJournalOptions {
  const { file, key = itself, onChange = 'reject' } = partsOf(value)
  if (typeof file !== 'string' || file === '')
    throw new TypeError(`journal.file must be the name of a file: ${describe(file)}`)
  if (typeof key !== 'function') throw new TypeError(`journal.key must be a function: ${describe(key)}`)
  if (onChange !== 'reject' && onChange !== 'restart' && onChange !== 'keep')
    throw new RangeError(`journal.onChange must be 'reject', 'restart' or 'keep': ${describe(onChange)}`)
  // The cast: what a function takes cannot be seen from outside, and its type was checked where the user wrote it.
  return { file, key: key as ResolvedJournalOptions['key'], onChange }
}

function partsOf(value: unknown): Partial<Record<string, unknown>> {
  if (typeof value === 'string') return { file: value }
  if (typeof value !== 'object' || value === null)
    throw new TypeError(`journal must be a file's name or an object with one: ${describe(value)}`)
  for (const name of Object.keys(value)) {
    if (!known.includes(name))
      throw new TypeError(`Unknown option of journal: '${name}' (known: ${known.join(', ')})`)
  }
  return { ...value }
}

function itself(item: unknown): unknown {
  return item
}
