/** The file of a journal while it is open: records are added at its end, and values read where they are. */

import { fdatasync, ftruncateSync, readSync, writeSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { JournalError } from '@dialback/protocol'
import { magic } from './journal-record.ts'
import { type Place, type ScanListener, scanJournal } from './journal-scan.ts'

const syncFile = promisify(fdatasync)
/** How long what was written may be in the memory of the machine only. */
const syncDelayMs = 1_000

export class JournalFile {
  readonly #path: string
  readonly #handle: FileHandle
  #size: number
  #syncTimer: NodeJS.Timeout | undefined
  #syncing: Promise<void> = Promise.resolve()
  #failure: unknown

  private constructor(path: string, handle: FileHandle, size: number) {
    this.#path = path
    this.#handle = handle
    this.#size = size
  }

  /**
   * Opens a journal, or makes one, and tells what is in it. What a crash left at its end is cut off.
   *
   * @throws {JournalError} when there is another kind of file, or none can be had.
   */
  static async open(
    path: string,
    listener: ScanListener,
    warn: (text: string) => void,
  ): Promise<JournalFile> {
    const handle = await openOrMake(path)
    try {
      const { size } = await handle.stat()
      const end = await scanJournal(handle, listener)
      if (end.kind === 'foreign')
        throw new JournalError(path, 'foreign', `Cannot use ${path} as a journal: it is another kind of file`)
      const { bytes, damaged } = end
      if (bytes < size) {
        warn(
          `Journal ${path}: dropped ${size - bytes} bytes at its end, of a record that was not written to its end`,
        )
        await handle.truncate(bytes)
      }
      if (damaged > 0) {
        const what = damaged === 1 ? 'a damaged record' : `${damaged} damaged records`
        warn(`Journal ${path}: left out ${what}; items of which it has no other one run again`)
      }
      const file = new JournalFile(path, handle, bytes)
      if (bytes === 0) file.append([magic])
      return file
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /**
   * Adds a record; gives where its payload is. When this returns, the end of this process can no longer lose it; the end of the
   * machine can for a second more.
   *
   * @throws {JournalError} when it cannot be written; nothing of it is left then.
   */
  append(pieces: readonly Uint8Array[]): Place {
    this.#throwFailure()
    const start = this.#size
    try {
      const record = Buffer.concat(pieces)
      for (let done = 0; done < record.byteLength; ) {
        done += writeSync(this.#handle.fd, record, done, record.byteLength - done, start + done)
      }
      this.#size = start + record.byteLength
    } catch (cause) {
      ftruncateSync(this.#handle.fd, start)
      throw new JournalError(
        this.#path,
        'unwritable',
        `Cannot write to journal ${this.#path}: ${reasonOf(cause)}`,
        {
          cause,
        },
      )
    }
    this.#syncTimer ??= setTimeout(() => this.#startSync(), syncDelayMs).unref()
    return { offset: start + frameOf(pieces), length: this.#size - start - frameOf(pieces) }
  }

  /** @throws {JournalError} when it cannot be read. */
  read({ offset, length }: Place): Buffer {
    const payload = Buffer.allocUnsafeSlow(length)
    for (let done = 0; done < length; ) {
      const count = readSync(this.#handle.fd, payload, done, length - done, offset + done)
      if (count === 0)
        throw new JournalError(
          this.#path,
          'unreadable',
          `Cannot read journal ${this.#path}: it has become shorter`,
        )
      done += count
    }
    return payload
  }

  /** Drops all records. */
  clear(): void {
    ftruncateSync(this.#handle.fd, 0)
    this.#size = 0
    this.append([magic])
  }

  /** Has all of it on the disk and closes it. @throws {JournalError} when that cannot be had. */
  async close(): Promise<void> {
    try {
      this.#startSync()
      await this.#syncing
      this.#throwFailure()
    } finally {
      await this.#handle.close()
    }
  }

  #startSync(): void {
    clearTimeout(this.#syncTimer)
    this.#syncTimer = undefined
    this.#syncing = this.#syncing
      .then(async () => await syncFile(this.#handle.fd))
      .catch((error: unknown) => {
        this.#failure ??= error
      })
  }

  #throwFailure(): void {
    if (this.#failure === undefined) return
    const text = `Cannot write to journal ${this.#path}: ${reasonOf(this.#failure)}`
    throw new JournalError(this.#path, 'unwritable', text, { cause: this.#failure })
  }
}

/** The name of a new file is in its directory, which is to be on the disk as well. */
async function openOrMake(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+')
  } catch (error) {
    if (!isMissing(error)) throw unopenable(path, error)
  }
  try {
    const handle = await open(path, 'wx+')
    const directory = await open(dirname(path), 'r')
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
    return handle
  } catch (error) {
    throw unopenable(path, error)
  }
}

function unopenable(path: string, cause: unknown): JournalError {
  return new JournalError(path, 'unreadable', `Cannot open journal ${path}: ${reasonOf(cause)}`, { cause })
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

/** Where a payload begins in its record; the mark at the beginning of the file is no record. */
function frameOf([first]: readonly Uint8Array[]): number {
  return first === magic ? 0 : (first?.byteLength ?? 0)
}
