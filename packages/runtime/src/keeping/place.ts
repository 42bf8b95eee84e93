/** What a reference leads to: a future or a channel, as the process that owns it keeps it. */

import type { Asker, Content } from './content.ts'

/** Told of what is not kept any more. */
export type Drop = (content: Content) => void

export interface Place {
  /** Answers once the value has its place. */
  put(asker: Asker, content: Content): void
  /** Answers with the (first) value, which stays, once there is one; with `isWaitOnly` without it. */
  fetch(asker: Asker, isWaitOnly: boolean): void
  /** Answers with the first value, which leaves, once there is one. */
  take(asker: Asker): void
  /** What was taken by the message with this id has arrived. */
  received(id: number): void
  close(asker: Asker): void
  inspect(asker: Asker): void
  /** Answers what waits with `reason`; without one the asker is gone, and what it has not received is given back. */
  cancel(id: number, reason: Content | undefined): void
  /** Nobody can ask for it any more. */
  free(): void
}
