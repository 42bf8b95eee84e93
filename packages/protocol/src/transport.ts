/** What carries packets between two processes: a socket, or a linked pair in memory. */

export interface TransportEvents {
  /** One whole message arrived. */
  message(packet: Uint8Array): void
  /** Nothing arrives or leaves any more; comes once. `reason` is for people. */
  closed(reason: string): void
  /** What was sent has left: `isFull` is false again. */
  drained(): void
}

/** Carries whole messages in order, each once, until it closes; what was under way then may be lost. */
export interface Transport {
  /** Much of what was sent has not left this process yet; `drained` will say when it has. */
  readonly isFull: boolean
  /** Sets who is told; events that came while nobody was are told now. */
  bind(events: TransportEvents): void
  /** Keeps events for the next `bind`. */
  unbind(): void
  send(packet: Uint8Array): void
  /** Lets what was sent leave, then closes. */
  close(reason: string): void
  /** Closes at once. */
  terminate(): void
  /** Whether this connection alone keeps the process alive. */
  hold(isHeld: boolean): void
}
