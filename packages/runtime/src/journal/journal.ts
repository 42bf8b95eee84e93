/** Keeps what a function gave for the items of an input, so that another run need not compute it again. */

import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Codec, JournalError, noHooks, SerializationError } from '@dialback/protocol'
import { contentHash } from '../content-hash.ts'
import { differences, type FunctionFingerprint } from './function-fingerprint.ts'
import { JournalFile } from './journal-file.ts'
import { JournalLock } from './journal-lock.ts'
import type { ResolvedJournalOptions } from './journal-options.ts'
import { fingerprintRecord, type ItemName, itemRecord, parseValue } from './journal-record.ts'
import { type Place, pieceBytes } from './journal-scan.ts'

/** What is known under a key, or under a key and a further occurrence. */
interface Known {
  place: Place | undefined
  /** How many equal items of this run's input there were so far; counted at the first occurrence. */
  seen: number
}

export interface JournalSetup {
  readonly options: ResolvedJournalOptions
  readonly fingerprint: FunctionFingerprint
  readonly warn: (text: string) => void
}

export class Journal implements AsyncDisposable {
  readonly #path: string
  readonly #options: ResolvedJournalOptions
  readonly #lock: JournalLock
  readonly #file: JournalFile
  /** Places only: values stay in the file until their item comes. */
  readonly #known: Map<string, Known>
  /** Items that were not stored, by index. */
  readonly #missing = new Map<number, ItemName>()
  #failure: unknown

  private constructor(parts: Pick<JournalParts, 'path' | 'options' | 'lock' | 'file' | 'known'>) {
    this.#path = parts.path
    this.#options = parts.options
    this.#lock = parts.lock
    this.#file = parts.file
    this.#known = parts.known
  }

  /**
   * Opens a journal for a function.
   *
   * @throws {JournalError} when it is of another function, another process has it, or it cannot be read and written.
   */
  static async open({ options, fingerprint, warn }: JournalSetup): Promise<Journal> {
    const path = await realName(options.file)
    let journal: Journal | undefined
    const lock = await JournalLock.acquire(path, {
      warn,
      onLost: (error) => {
        if (journal !== undefined) journal.#failure = error
      },
    })
    try {
      const known = new Map<string, Known>()
      let before: FunctionFingerprint | undefined
      const listener = {
        onFingerprint(json: string): void {
          // The cast: its checksum says that it is what was written below.
          before = JSON.parse(json) as FunctionFingerprint
        },
        onItem(name: ItemName, place: Place): void {
          knownAs(known, name).place = place
        },
      }
      const file = await JournalFile.open(path, listener, warn)
      try {
        takeFunction({ path, options, file, known }, before, fingerprint)
      } catch (error) {
        await file.close()
        throw error
      }
      journal = new Journal({ path, options, lock, file, known })
      return journal
    } catch (error) {
      await lock[Symbol.asyncDispose]()
      throw error
    }
  }

  /**
   * Takes note of the next item of the input, and gives its value if there is one.
   *
   * @throws {JournalError} when the item, or its key, is no plain data. What `key` throws is passed on.
   */
  take(item: unknown, index: number): { readonly value: unknown } | undefined {
    const hash = contentHash(this.#encode(this.#options.key(item, index), `key of item ${index}`))
    const name = { key: hash, occurrence: knownAs(this.#known, { key: hash, occurrence: 0 }).seen++ }
    const { place } = knownAs(this.#known, name)
    if (place === undefined) {
      this.#missing.set(index, name)
      return undefined
    }
    return { value: plainData.decode(parseValue(this.#file.read(place))) }
  }

  /** Keeps the value of an item that was missing. @throws {JournalError} when that cannot be done. */
  store(index: number, value: unknown): void {
    if (this.#failure !== undefined) throw this.#failure as Error
    const name = this.#missing.get(index)
    if (name === undefined) return
    const body = this.#encode(value, `result of item ${index}`)
    this.#file.append(itemRecord(name, body))
    this.#missing.delete(index)
  }

  /** Has everything on the disk, then lets others have the journal. @throws {JournalError} when it could not be written. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#file.close()
    } finally {
      await this.#lock[Symbol.asyncDispose]()
    }
  }

  #encode(value: unknown, what: string): ReturnType<Codec['encode']> {
    try {
      return plainData.encode(value, what)
    } catch (cause) {
      if (!(cause instanceof SerializationError)) throw cause
      const { path, message } = cause
      const reason = message.slice(`Cannot send ${path}: `.length)
      const text = `Cannot keep ${path} in journal ${this.#path}: ${reason}. It keeps plain data only, which the next process can read`
      throw new JournalError(this.#path, 'unstorable', text, { cause })
    }
  }
}

interface JournalParts {
  readonly path: string
  readonly options: ResolvedJournalOptions
  readonly lock: JournalLock
  readonly file: JournalFile
  readonly known: Map<string, Known>
}

/** Functions, classes and handles are of one process. */
const plainData = new Codec(noHooks)

function knownAs(known: Map<string, Known>, { key, occurrence }: ItemName): Known {
  const name = occurrence === 0 ? key : `${key} ${occurrence}`
  const found = known.get(name)
  if (found !== undefined) return found
  const added: Known = { place: undefined, seen: 0 }
  known.set(name, added)
  return added
}

/** Makes the journal one of this function, as the options say. */
function takeFunction(
  { path, options, file, known }: Omit<JournalParts, 'lock'>,
  before: FunctionFingerprint | undefined,
  now: FunctionFingerprint,
): void {
  if (before?.hash === now.hash) return
  if (before !== undefined && options.onChange === 'reject') throw changedError(path, before, now)
  if (before !== undefined && options.onChange === 'restart') {
    file.clear()
    known.clear()
  }
  const whole = fingerprintRecord(JSON.stringify(now))
  const isLong = whole.reduce((sum, piece) => sum + piece.byteLength, 0) > pieceBytes
  const short = { ...now, captured: {}, modules: {} }
  file.append(isLong ? fingerprintRecord(JSON.stringify(short)) : whole)
}

function changedError(path: string, before: FunctionFingerprint, now: FunctionFingerprint): JournalError {
  const named = (name: string): string => (name === '' ? 'a function without a name' : `function "${name}"`)
  const isOther = before.name !== now.name
  const what = isOther
    ? `it has results of ${named(before.name)}, and this is ${named(now.name)}`
    : `it has results of ${named(now.name)} before ${differences(before, now).join(', ')} changed`
  const advice =
    "Give another file, or journal: { file, onChange: 'restart' } to drop them, or onChange: 'keep' to take them as they are"
  return new JournalError(path, 'changed', `Cannot go on with journal ${path}: ${what}. ${advice}`)
}

/** The same however the file is reached: the lock is beside it. */
async function realName(file: string): Promise<string> {
  const path = resolve(file)
  try {
    return await realpath(path)
  } catch {
    // It is not there yet, or what opens it says what is wrong.
    return path
  }
}
