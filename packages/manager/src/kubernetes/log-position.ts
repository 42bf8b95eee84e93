/** Pure: how far a log was read, so that each line is given once although it is asked for again from some second on. */

/** A line by its time, as it is written: `count` lines had this very time, this one included. */
interface Line {
  readonly time: string
  readonly count: number
}

export class LogPosition {
  /** Lines are not always in the order of their times: standard output and error are stamped side by side. */
  #latest: string | undefined
  #last: Line | undefined
  /** While lines that are known come again: how many with the time of the last one have. */
  #repeated: number | undefined

  /** From when on to ask: whole seconds, as the API server compares no finer. */
  get sinceTime(): string | undefined {
    return this.#latest?.replace(/\.\d+/, '')
  }

  /** The log is opened once more: lines that are known come again, in the same order. */
  reopen(): void {
    if (this.#last !== undefined) this.#repeated = 0
  }

  /** Gives a line of the log without its time, or undefined when it was given before. */
  take(stamped: string): string | undefined {
    const match = /^(\d{4}-\d\d-\d\dT\S+) ?/.exec(stamped)
    // The rest of a line that was written in parts, or what the kubelet itself has to say.
    if (match === null) return stamped
    const [prefix, time = ''] = match
    if (this.#isKnown(time)) return undefined
    this.#last = { time, count: this.#last?.time === time ? this.#last.count + 1 : 1 }
    // The kubelet writes all nine digits, so that texts compare as times do.
    if (this.#latest === undefined || time > this.#latest) this.#latest = time
    return stamped.slice(prefix.length)
  }

  #isKnown(time: string): boolean {
    if (this.#repeated === undefined || this.#last === undefined) return false
    if (time === this.#last.time) {
      this.#repeated += 1
      if (this.#repeated === this.#last.count) this.#repeated = undefined
      return true
    }
    if (this.#latest !== undefined && time <= this.#latest) return true
    // The last one was not among them: the log has begun anew meanwhile.
    this.#repeated = undefined
    return false
  }
}
