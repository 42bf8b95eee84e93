/** The frames that a link has yet to send, a packet's worth at a time. */

import { limits } from './limits.ts'
import type { Header } from './message.ts'
import type { Frame } from './packet.ts'

export class SendQueue {
  #frames: Frame[] = []
  #urgent: Frame[] = []
  #latest: Header | undefined

  /** Whether nothing waits but perhaps a latest one, which goes along with something. */
  get isEmpty(): boolean {
    return this.#frames.length === 0 && this.#urgent.length === 0
  }

  /** Adds a frame; an urgent one overtakes those that are not. */
  add(frame: Frame, isUrgent: boolean): void {
    if (isUrgent) this.#urgent.push(frame)
    else this.#frames.push(frame)
  }

  /** Puts a frame in front of what is taken next, in the place of one that was not taken yet. */
  setLatest(header: Header): void {
    this.#latest = header
  }

  /** Takes as many frames as make a packet. */
  take(): Frame[] {
    const frames = this.#takeLatest()
    let bytes = 0
    for (const queue of [this.#urgent, this.#frames]) {
      let taken = 0
      while (taken < queue.length && bytes < limits.packetTargetBytes) {
        const frame = queue[taken]
        if (frame === undefined) break
        frames.push(frame)
        bytes += frameBytes(frame)
        taken += 1
      }
      if (taken === queue.length) queue.length = 0
      else queue.splice(0, taken)
    }
    return frames
  }

  clear(): void {
    this.#frames = []
    this.#urgent = []
  }

  #takeLatest(): Frame[] {
    const header = this.#latest
    if (header === undefined) return []
    this.#latest = undefined
    return [{ header, bytes: null }]
  }
}

/** About what a frame takes in a packet: headers are short but for their lists. */
function frameBytes({ header, bytes }: Frame): number {
  const numbers = (header.parts?.length ?? 0) + (header.handles?.length ?? 0)
  const body = (bytes?.byteLength ?? 0) + 9 * numbers
  if (header.type === 'call' || header.type === 'define')
    return 128 + body + 80 * (header.modules?.length ?? 0)
  return 64 + body + (header.type === 'members' ? 8 * header.workers.length : 0)
}
