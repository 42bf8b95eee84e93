/** Pure: how many lines of a worker get through when it writes more than anybody reads. */

export interface LineLimits {
  readonly linesPerSecond: number
  readonly charactersPerSecond: number
}

const lineLimits: LineLimits = { linesPerSecond: 1_000, charactersPerSecond: 1_000_000 }

/** What may come at once after a quiet time, in seconds' worth. */
const burstSeconds = 3

/** A bucket of lines and one of characters, which fill with time. */
export class LineLimiter {
  readonly #limits: LineLimits
  #lines: number
  #characters: number
  #atMs: number
  #dropped = 0

  constructor(nowMs: number, limits: LineLimits = lineLimits) {
    this.#limits = limits
    this.#atMs = nowMs
    this.#lines = limits.linesPerSecond * burstSeconds
    this.#characters = limits.charactersPerSecond * burstSeconds
  }

  /** Gives what is to be shown in the place of a line: the line, that some were left out and the line, or nothing. */
  take(line: string, nowMs: number): readonly string[] {
    this.#fill(nowMs)
    // After a flood not before there is room for some more, so that one line tells of all that were left out.
    const least = this.#dropped === 0 ? 1 : this.#limits.linesPerSecond / 2
    if (this.#lines < least || this.#characters <= 0) {
      this.leaveOut()
      return []
    }
    this.#lines -= 1
    this.#characters -= line.length
    return [...this.flush(), line]
  }

  /** Counts a line that is not shown. */
  leaveOut(): void {
    this.#dropped += 1
  }

  /** Tells of what was left out, at the latest when nothing more comes. */
  flush(): readonly string[] {
    if (this.#dropped === 0) return []
    const count = this.#dropped
    this.#dropped = 0
    return [`[${count} ${count === 1 ? 'line was' : 'lines were'} left out: they came too fast]`]
  }

  #fill(nowMs: number): void {
    const seconds = Math.max(0, nowMs - this.#atMs) / 1_000
    this.#atMs = nowMs
    const { linesPerSecond, charactersPerSecond } = this.#limits
    this.#lines = Math.min(burstSeconds * linesPerSecond, this.#lines + seconds * linesPerSecond)
    this.#characters = Math.min(
      burstSeconds * charactersPerSecond,
      this.#characters + seconds * charactersPerSecond,
    )
  }
}
