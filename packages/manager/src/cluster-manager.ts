/** The seam to whatever starts workers: one folder implements it for each kind of place. */

import type { Duplex } from 'node:stream'
import type { PodIdentity, WorkerExit } from '@dialback/protocol'
import type { Logger } from './logger.ts'

/** Lets one worker in: it says `name` and `token` when it dials `url`. */
export interface Credentials {
  readonly url: string
  readonly name: string
  readonly token: string
}

/** Where workers of other machines dial in. All that they send there is within TLS. */
export interface Door {
  /** Listens on all interfaces. */
  readonly port: number
  /** PEM, self-signed, made for this cluster. Workers know the manager by it alone, whatever name they dial. */
  readonly certificate: string
  /** Takes a stream, on which a worker speaks TLS to us as through a tunnel, for a connection to `port`. */
  accept(stream: Duplex): void
  /** Listens on one more port. @throws {Error} when it is not free. */
  listenOn(port: number): Promise<void>
}

export interface LaunchContext {
  /** The id that the next admitted worker will have: for names that tell. */
  readonly nextWorkerId: number
  /** Listens, when this is first called, for workers of this machine; gives the URL that they dial. */
  openLoopback(): Promise<string>
  /** The same for those that share this process' network namespace: the fastest way there is. */
  openNear?(): Promise<string>
  /** Listens, when this is first called, for workers of other machines. */
  openDoor(): Promise<Door>
  /** Expects one more worker, which will dial `url`, and gives what lets it in. `name` is unique in the cluster. */
  admit(name: string, url: string): Credentials
  readonly logger: Logger
  /** Fires when nobody waits for the workers any more. */
  readonly signal: AbortSignal
}

/** Asks for workers. Implementations pass the suite in test/contract. */
export interface ClusterManager {
  /** Names the kind of place in messages, for example `local`. */
  readonly name: string
  /** How long workers may take to join, in ms. */
  readonly pendingTimeoutMs: number
  /** With fewer than this `addProcs` rejects. */
  readonly minWorkers: number
  /**
   * Starts workers, each of which then dials by itself. One that cannot be started is among them as well, `exited`
   * already: it does not keep the others from joining.
   *
   * @throws when nothing could be asked for at all.
   */
  launch(context: LaunchContext): Promise<readonly LaunchedWorker[]>
}

/** Gets a line that a worker wrote. Where it gives a promise, it can take no more until that has settled. */
export type LineListener = (line: string) => unknown

/** A worker from the moment it was asked for until nothing of it is left. */
export interface LaunchedWorker {
  /** As it was admitted. */
  readonly name: string
  /** How many threads run user code there; each dials by itself. */
  readonly threads: number
  /** The pod that was made for it, once it is; no other is let in. */
  readonly pod?: PodIdentity | undefined
  /** What it waits for while it has not joined, in a few words. */
  readonly waitingFor?: string | undefined
  /** It has been waited for as long as workers may take to join. */
  readonly isLate?: boolean
  /** As its place describes it, for the log of one that does not join. */
  readonly status?: object | undefined
  /** What its place knows of one that has said nothing for too long: an end that was announced, its state, its last lines. */
  readonly lastWord?: Partial<WorkerExit> | undefined
  /** Resolves when the worker has ended, with why. Never rejects. */
  readonly exited: Promise<WorkerExit>
  /** Resolves when nothing of it is left, where that is later. */
  readonly gone?: Promise<void>
  /** It was asked to end, by its own connection. */
  leaving?(): void
  /** It can be called, as process `workerId`. */
  joined?(workerId: number): void
  /** Calls back with each line that the worker writes, from now on. */
  onLine(listener: LineListener): void
  /**
   * It has said nothing for too long, and counts as lost: ends it so that its place can still tell how it ended. `exited` may
   * then come late, and until `end` is called nobody waits for it. Where this is missing, it is killed.
   */
  silent?(): void
  /** Ends it from outside: `terminate` asks, `kill` does not. */
  end(how: 'terminate' | 'kill'): void
  /** Whether the process must stay alive for it; idle workers do not count. */
  hold(isHeld: boolean): void
}
