/**
 * Bodies between processes of one machine: the sender writes pieces into a file in `/dev/shm` that has no name any
 * more, the receiver opens it through `/proc/{pid}/fd/{fd}`. Whatever happens to either process, nothing is left.
 * Linux only; elsewhere, and where it cannot be had, bodies go through the socket.
 */

import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  statfsSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { limits } from './limits.ts'
import type { SharedSlot } from './message.ts'

/** At the start of each file, by chance another in each. */
const markBytes = 16

/** Slots that this process writes and other processes read. */
export class SharedMemory {
  readonly #fd: number
  readonly #slots: number
  readonly #mark: string
  /** The first one holds the mark. */
  #used = 1
  /** The last freed first: its pages are there already, and getting a new page is what costs most. */
  #free: number[] = []
  #isClosed = false

  private constructor(fd: number, slots: number) {
    this.#fd = fd
    this.#slots = slots
    const mark = Buffer.from(Float64Array.of(Math.random(), Math.random()).buffer)
    writeSync(fd, mark, 0, markBytes, 0)
    this.#mark = mark.toString('hex')
  }

  /** Undefined where the machine has no shared memory to use. */
  static create(): SharedMemory | undefined {
    if (process.platform !== 'linux') return undefined
    try {
      const { bsize, bavail } = statfsSync('/dev/shm')
      // A quarter of what is free: other processes use it too, and a container may have 64 MiB in all.
      const bytes = Math.min(limits.sharedMemoryBytes, (bsize * bavail) / 4)
      const slots = Math.floor(bytes / limits.sharedSlotBytes)
      if (slots < 2) return undefined
      const path = `/dev/shm/dialback-${process.pid}-${Math.random().toString(36).slice(2)}`
      const fd = openSync(path, 'wx+', 0o600)
      unlinkSync(path)
      return new SharedMemory(fd, slots)
    } catch {
      return undefined
    }
  }

  /** Something small to read, by which the other side finds out whether it can reach this memory. */
  get probe(): SharedProbe {
    return { pid: process.pid, fd: this.#fd, mark: this.#mark }
  }

  /** Copies at most one slot's bytes; undefined when all slots are in use. */
  write(bytes: Uint8Array): SharedSlot | undefined {
    const slot = this.#free.pop() ?? (this.#used < this.#slots ? this.#used++ : undefined)
    if (slot === undefined) return undefined
    const offset = slot * limits.sharedSlotBytes
    if (this.#fill(offset, bytes)) return { ...this.probe, offset, length: bytes.byteLength }
    // The file system is full after all: use no more slots than there are.
    this.#used = this.#slots
    return undefined
  }

  /** Lets a slot be written again. */
  free(slot: SharedSlot): void {
    if (!this.#isClosed) this.#free.push(slot.offset / limits.sharedSlotBytes)
  }

  /** Gives the memory back, once those who have opened it have closed it: nothing is written any more. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#used = this.#slots
    this.#free = []
    closeSync(this.#fd)
  }

  /** A full file system takes a part, or nothing. */
  #fill(offset: number, bytes: Uint8Array): boolean {
    try {
      return writeSync(this.#fd, bytes, 0, bytes.byteLength, offset) === bytes.byteLength
    } catch {
      return false
    }
  }
}

export interface SharedProbe {
  readonly pid: number
  readonly fd: number
  /** What is at the start of that file, in hex: the same numbers may name another file elsewhere. */
  readonly mark: string
}

/** Reads slots of other processes. */
export class SharedMemoryReader {
  /** By the path of what was opened. */
  readonly #opened = new Map<string, Opened>()

  /** Whether the file that `probe` tells of can be read here: same machine, same user. */
  static canReach({ pid, fd, mark }: SharedProbe): boolean {
    try {
      const opened = openSync(pathOf(pid, fd), readOnly)
      try {
        return hasMark(opened, mark)
      } finally {
        closeSync(opened)
      }
    } catch {
      return false
    }
  }

  /**
   * Fills `target` from the slot.
   *
   * @throws {RangeError} when this process may open no more files.
   * @throws when it cannot be read in full: the process that owned it may be gone.
   */
  read(slot: SharedSlot, target: Uint8Array): void {
    const read = readSync(this.#open(slot), target, 0, target.byteLength, slot.offset)
    if (read !== target.byteLength)
      throw new Error(`Cannot read ${target.byteLength} bytes of shared memory: got ${read}`)
  }

  /** Closes what was opened. */
  close(): void {
    for (const { fd } of this.#opened.values()) closeSync(fd)
    this.#opened.clear()
  }

  #open({ pid, fd, mark }: SharedSlot): number {
    const path = pathOf(pid, fd)
    const known = this.#opened.get(path)
    if (known !== undefined && known.mark === mark) return known.fd
    if (known !== undefined) closeSync(known.fd)
    this.#opened.delete(path)
    this.#closeLost()
    const opened = openForReading(path)
    if (mark !== undefined && !hasMark(opened, mark)) {
      closeSync(opened)
      throw new Error(`Cannot read shared memory: file ${fd} of process ${pid} is another one by now`)
    }
    this.#opened.set(path, { fd: opened, mark })
    return opened
  }

  /** Closes memory whose owner, be it a thread, is gone: this process would be the last to hold on to it. */
  #closeLost(): void {
    for (const [path, { fd }] of this.#opened) {
      if (isSameFile(fd, path)) continue
      closeSync(fd)
      this.#opened.delete(path)
    }
  }
}

interface Opened {
  readonly fd: number
  readonly mark: string | undefined
}

function hasMark(fd: number, mark: string): boolean {
  const found = Buffer.alloc(markBytes)
  return readSync(fd, found, 0, markBytes, 0) === markBytes && found.toString('hex') === mark
}

function openForReading(path: string): number {
  try {
    return openSync(path, readOnly)
  } catch (cause) {
    const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code !== 'EMFILE' && code !== 'ENFILE') throw cause
    throw new RangeError(`there are too many open files (${code})`, { cause })
  }
}

function isSameFile(fd: number, path: string): boolean {
  try {
    const [opened, there] = [fstatSync(fd), statSync(path)]
    return opened.ino === there.ino && opened.dev === there.dev
  } catch {
    return false
  }
}

/** What a peer names may be anything: a pipe must not block. */
const readOnly = constants.O_RDONLY | constants.O_NONBLOCK

function pathOf(pid: number, fd: number): string {
  return `/proc/${pid}/fd/${fd}`
}
