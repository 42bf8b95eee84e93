/** Writes lines as fast as whoever reads them takes them. */

import type { Readable, Writable } from 'node:stream'
import { LastLines } from '../last-lines.ts'

export class LineWriter {
  readonly #to: Writable
  readonly #last = new LastLines()
  #waiting: Promise<void> | undefined

  constructor(to: Writable) {
    this.#to = to
  }

  /** The last lines that were written. */
  get lastLines(): readonly string[] {
    return this.#last.all
  }

  /** @param from where it is from, which waits while the reader is behind */
  write(line: string, from: Readable): void {
    this.#last.add(line)
    if (this.#to.write(`${line}\n`)) return
    from.pause()
    this.#waiting ??= this.#drained()
    void this.#waiting.then(() => from.resume())
  }

  async #drained(): Promise<void> {
    await new Promise<void>((resolve) => this.#to.once('drain', resolve))
    this.#waiting = undefined
  }
}
