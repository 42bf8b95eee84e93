/** Pure: how far a log was read, so that each line is given once although it is asked for again from some second on. */

export class LogPosition {
  #time: string | undefined
  /** Lines that had this very time. */
  #countAtTime = 0
  /** Of those, how many were given again since the log was opened the last time. */
  #repeated = 0

  /** From when on to ask: whole seconds, as the API server compares no finer. */
  get sinceTime(): string | undefined {
    return this.#time?.replace(/\.\d+/, '')
  }

  /** The log is opened once more: lines that are known come again. */
  reopen(): void {
    this.#repeated = 0
  }

  /** Gives a line of the log without its time, or undefined when it was given before. */
  take(stamped: string): string | undefined {
    const match = /^(\d{4}-\d\d-\d\dT\S+) ?/.exec(stamped)
    // The rest of a line that was written in parts, or what the kubelet itself has to say.
    if (match === null) return stamped
    const [prefix, time = ''] = match
    const line = stamped.slice(prefix.length)
    // The kubelet writes all nine digits, so that texts compare as times do.
    if (this.#time !== undefined && time < this.#time) return undefined
    if (time !== this.#time) {
      this.#time = time
      this.#countAtTime = 1
      this.#repeated = 1
      return line
    }
    this.#repeated += 1
    if (this.#repeated <= this.#countAtTime) return undefined
    this.#countAtTime = this.#repeated
    return line
  }
}
