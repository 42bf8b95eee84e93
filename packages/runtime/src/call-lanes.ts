/** Lines of calls: those of one lane run one after another, lanes do not wait for each other. */

export class CallLanes<Job> {
  /** By lane, while one of its calls runs: those that wait. */
  readonly #queues = new Map<string, Job[]>()
  readonly #begin: (job: Job) => void
  #left: string | undefined
  #isLeaving = false

  /** `begin` starts a call that has waited. */
  constructor(begin: (job: Job) => void) {
    this.#begin = begin
  }

  /** True when the call may start at once; otherwise it waits for those before it. */
  enter(lane: string, job: Job): boolean {
    const queue = this.#queues.get(lane)
    if (queue === undefined) this.#queues.set(lane, [])
    else queue.push(job)
    return queue === undefined
  }

  /** Lets the next call begin: the one that ran has ended. */
  leave(lane: string): void {
    // Quick calls end while they are being begun: a loop, since a long queue of them would be too deep a recursion.
    this.#left = lane
    if (this.#isLeaving) return
    this.#isLeaving = true
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) this.#begin(next)
    } finally {
      this.#isLeaving = false
    }
  }

  /** Takes a call that waits out of its lane. */
  remove(isIt: (job: Job) => boolean): Job | undefined {
    for (const queue of this.#queues.values()) {
      const at = queue.findIndex(isIt)
      if (at >= 0) return queue.splice(at, 1)[0]
    }
    return undefined
  }

  #next(): Job | undefined {
    if (this.#left === undefined) return undefined
    const lane = this.#left
    this.#left = undefined
    const job = this.#queues.get(lane)?.shift()
    if (job === undefined) this.#queues.delete(lane)
    return job
  }
}
