/**
 * Which call a thread is running right now, in memory that others of its process can read while the thread is busy. Set
 * only while the function itself runs, not what it does after an `await`.
 */
export class RunningMark {
  readonly memory: SharedArrayBuffer
  readonly #ids: Float64Array

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.memory = memory
    this.#ids = new Float64Array(memory)
  }

  /** Ids are from 1 on. */
  get callId(): number | undefined {
    const [id] = this.#ids
    return id === 0 ? undefined : id
  }

  set callId(id: number | undefined) {
    this.#ids[0] = id ?? 0
  }
}
