/** What happened to a pod, in order. */

import type { TimelineEntry } from '@dialback/protocol'

/** Of one that flaps without end. */
const maxEntries = 50

export class Timeline {
  readonly #entries: TimelineEntry[] = []

  get entries(): readonly TimelineEntry[] {
    return [...this.#entries]
  }

  /** Adds an event, unless it is the latest already. */
  note(event: string): void {
    if (this.#entries.at(-1)?.event === event || this.#entries.length >= maxEntries) return
    this.#entries.push({ at: Date.now(), event })
  }
}
