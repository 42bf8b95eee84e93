/** Finds the longest turn of the event loop by the CPU that it took, so that what else runs on the machine does not count. */

const everyMs = 2

export class TurnWatch {
  #longestMs = 0
  #before = process.threadCpuUsage()

  constructor() {
    setInterval(() => this.#look(), everyMs).unref()
  }

  /** Since the last time that this was asked. Two short turns may count as one. */
  longestMs(): number {
    const ms = this.#longestMs
    this.#longestMs = 0
    return ms
  }

  #look(): void {
    const { user, system } = process.threadCpuUsage(this.#before)
    this.#before = process.threadCpuUsage()
    this.#longestMs = Math.max(this.#longestMs, (user + system) / 1_000)
  }
}
