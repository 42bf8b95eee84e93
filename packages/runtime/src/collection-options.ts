/** The options of `pmap`, `imap` and `preduce`, and the one place that checks them. */

import {
  type Duration,
  describe,
  type RemoteError,
  type SerializationError,
  type WorkerTerminatedError,
} from '@dialback/protocol'
import {
  type JournalOptions,
  type ResolvedJournalOptions,
  resolveJournal,
} from './journal/journal-options.ts'
import { isPool, type Pool } from './pool.ts'
import type { Progress } from './progress.ts'
import { delaysMs } from './retry.ts'

/** How an item fails: its function threw, its worker went away, or a value could not travel. */
export type ItemError = RemoteError | WorkerTerminatedError | SerializationError

/** What `retryCheck` is told besides the error. */
export interface FailedAttempt<T> {
  /** How many attempts of this item have failed, counted from 1. */
  readonly attempt: number
  readonly item: T
  /** The item's position in the input, from 0. */
  readonly index: number
}

export interface CollectionOptions<T, R> {
  /**
   * Whose workers to use, whether or not somebody else has taken them; members that join or leave do so here
   * too.
   *
   * @default all workers, late joiners included; this process when there are none at the start
   */
  readonly pool?: Pool | undefined
  /** False runs everything in this process, one item at a time. @default true */
  readonly distributed?: boolean | undefined
  /** How many items travel in one message, at least 1; `'auto'` aims at batches of about 50 ms. @default 1 */
  readonly batchSize?: number | 'auto' | undefined
  /**
   * How long to wait before each further attempt: n delays are at most n + 1 attempts of an item.
   *
   * @default []
   */
  readonly retryDelays?: Iterable<Duration> | undefined
  /** Whether another attempt is worth while; asked only when there is a delay left. @default () => true */
  readonly retryCheck?: ((error: ItemError, attempt: FailedAttempt<T>) => boolean) | undefined
  /**
   * Gives, on this process and after the last attempt, a value in place of the one that could not be had.
   *
   * @default reject
   */
  readonly onError?: ((error: ItemError, item: T, index: number) => R | Promise<R>) | undefined
  /** How often an item is run again because its worker was taken away. @default 3 */
  readonly workerLosses?: number | undefined
  /** Ends everything: rejects with its reason, cancels what runs, closes the input. */
  readonly signal?: AbortSignal | undefined
  /**
   * True: a bar, when stderr is a terminal; a function: called at most ten times a second and once at the
   * end.
   *
   * @default false
   */
  readonly progress?: boolean | ((progress: Progress) => void) | undefined
  /**
   * A file in which results are kept as they come: with it again, also after a crash or with an input that was changed, only
   * what is missing runs. Results and items must be plain data. On the manager only.
   *
   * @default none
   */
  readonly journal?: string | JournalOptions<T> | undefined
}

/** Without a journal: what it keeps are single items' results. */
export type PreduceOptions<T, R> = Omit<CollectionOptions<T, R>, 'journal'>

export interface ImapOptions<T, R> extends CollectionOptions<T, R> {
  /** False gives the results as they finish. @default true */
  readonly ordered?: boolean | undefined
}

export interface ResolvedOptions {
  readonly pool: Pool | undefined
  readonly distributed: boolean
  readonly batchSize: number | 'auto'
  readonly delaysMs: readonly number[]
  readonly retryCheck: ((error: ItemError, attempt: FailedAttempt<unknown>) => unknown) | undefined
  readonly onError: ((error: ItemError, item: unknown, index: number) => unknown) | undefined
  readonly workerLosses: number
  readonly signal: AbortSignal | undefined
  readonly progress: boolean | ((progress: Progress) => void)
  readonly ordered: boolean
  readonly journal: ResolvedJournalOptions | undefined
}

export const defaults: ResolvedOptions = {
  pool: undefined,
  distributed: true,
  batchSize: 1,
  delaysMs: [],
  retryCheck: undefined,
  onError: undefined,
  workerLosses: 3,
  signal: undefined,
  progress: false,
  ordered: true,
  journal: undefined,
}

type Verb = 'pmap' | 'imap' | 'preduce'

const keys = [
  'pool',
  'distributed',
  'batchSize',
  'retryDelays',
  'retryCheck',
  'onError',
  'workerLosses',
  'signal',
  'progress',
]

const ownKeys = { pmap: ['journal'], imap: ['journal', 'ordered'], preduce: [] } as const

/** @throws {TypeError | RangeError} that repeats an unknown key or a bad value. */
export function resolveOptions(verb: Verb, options: unknown): ResolvedOptions {
  if (options === undefined) return defaults
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`options of ${verb} must be an object: ${describe(options)}`)
  }
  const known = [...keys, ...ownKeys[verb]]
  for (const key of Object.keys(options)) {
    if (!known.includes(key))
      throw new TypeError(`Unknown option of ${verb}: '${key}' (known: ${known.join(', ')})`)
  }
  const given: Partial<Record<string, unknown>> = options as Record<string, unknown>
  const read = <V>(key: string, check: (value: unknown) => V, fallback: V): V =>
    given[key] === undefined ? fallback : check(given[key])
  return {
    pool: read('pool', checkPool, undefined),
    distributed: read('distributed', (value) => checkBoolean('distributed', value), defaults.distributed),
    batchSize: read('batchSize', checkBatchSize, defaults.batchSize),
    delaysMs: read('retryDelays', (value) => delaysMs(value, 'retryDelays'), defaults.delaysMs),
    retryCheck: read('retryCheck', (value) => checkFunction('retryCheck', value), undefined),
    onError: read('onError', (value) => checkFunction('onError', value), undefined),
    workerLosses: read('workerLosses', checkWorkerLosses, defaults.workerLosses),
    signal: read('signal', checkSignal, undefined),
    progress: read('progress', checkProgress, defaults.progress),
    ordered: read('ordered', (value) => checkBoolean('ordered', value), defaults.ordered),
    journal: read('journal', resolveJournal, undefined),
  }
}

/** @throws {TypeError} when `value` is no function. */
export function checkFunction(name: string, value: unknown): (...args: unknown[]) => unknown {
  // The cast: what a function takes cannot be seen from outside, and its type was checked where the user
  // wrote it.
  if (typeof value === 'function') return value as (...args: unknown[]) => unknown
  throw new TypeError(`${name} must be a function: ${describe(value)}`)
}

function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw new TypeError(`${name} must be true or false: ${describe(value)}`)
}

function checkPool(value: unknown): Pool {
  if (isPool(value)) return value
  throw new TypeError(`pool must be a WorkerPool or a CachingPool: ${describe(value)}`)
}

function checkBatchSize(value: unknown): number | 'auto' {
  if (value === 'auto') return value
  if (typeof value !== 'number')
    throw new TypeError(`batchSize must be a number or 'auto': ${describe(value)}`)
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw new RangeError(`batchSize must be a whole number of at least 1: ${describe(value)}`)
}

function checkWorkerLosses(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError(`workerLosses must be a number: ${describe(value)}`)
  if (value >= 0 && (Number.isInteger(value) || value === Number.POSITIVE_INFINITY)) return value
  throw new RangeError(`workerLosses must be a whole number of at least 0, or Infinity: ${describe(value)}`)
}

function checkSignal(value: unknown): AbortSignal {
  if (value instanceof AbortSignal) return value
  throw new TypeError(`signal must be an AbortSignal: ${describe(value)}`)
}

function checkProgress(value: unknown): boolean | ((progress: Progress) => void) {
  if (typeof value === 'boolean') return value
  if (typeof value === 'function') return checkFunction('progress', value)
  throw new TypeError(`progress must be true, false or a function: ${describe(value)}`)
}
