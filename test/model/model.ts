/** What the commands believe of the cluster: what is there, and what is to be seen of it. */

export interface Model {
  /** Live workers. */
  workers: number
  /** Values that were put and not taken, in the channel of the sequence. */
  queued: number
  /** Numbers what commands use, so that each sees its own. */
  turn: number
}
