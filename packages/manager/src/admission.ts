/** Judges who says hello: lets in the workers that are expected, each connection of theirs by its name. */

import {
  type Hello,
  isSame,
  judgeHello,
  proofOf,
  SharedMemory,
  SharedMemoryReader,
  type Transport,
  type Welcome,
} from '@dialback/protocol'
import { type Doorkeeper, lateAbort, strangerAbort } from './greeter.ts'
import type { Membership } from './membership.ts'
import type { RemoteWorker, WorkerConnection } from './remote-worker.ts'

export interface AdmissionEvents {
  /** A connection is let in, for the first time or again. */
  admitted(worker: RemoteWorker, connection: WorkerConnection, hello: Hello): void
  /** Its welcome was sent: `transport` is for it, and `received` packets of it have arrived there. */
  attached(worker: RemoteWorker, connection: WorkerConnection, transport: Transport, received: number): void
}

export class Admission implements Doorkeeper {
  readonly #membership: Membership
  readonly #events: AdmissionEvents
  /** Written by this process, for workers of this machine. */
  readonly #memory = SharedMemory.create()

  constructor(membership: Membership, events: AdmissionEvents) {
    this.#membership = membership
    this.#events = events
  }

  admit(hello: Hello): ReturnType<Doorkeeper['admit']> {
    const worker = this.#membership.named(hello.name)
    // Its threads, or a pod that is being deleted, may dial again before they hear that it is to end.
    const formerToken = this.#membership.formerToken(hello.name)
    if (formerToken !== undefined && isSame(hello.token, formerToken))
      return { answer: lateAbort, isLate: true }
    const abort = judgeHello(hello, worker?.exit === undefined ? worker : undefined)
    if (abort !== undefined || worker === undefined) return { answer: abort ?? strangerAbort }
    const memory = this.#memoryFor(hello)
    const connection = worker.connection(hello.connection, memory)
    if (connection === undefined) return { answer: strangerAbort }
    this.#events.admitted(worker, connection, hello)
    return {
      answer: welcome(worker, connection, hello, memory),
      attach: (transport) => this.#events.attached(worker, connection, transport, hello.received),
    }
  }

  /** Gives up what this process shares with workers: there are none any more. */
  close(): void {
    this.#memory?.close()
  }

  /** What is shared with who said hello; undefined when one of the two could not read what the other writes. */
  #memoryFor({ memory }: Hello): SharedMemory | undefined {
    const isShared = memory !== undefined && this.#memory !== undefined && SharedMemoryReader.canReach(memory)
    return isShared ? this.#memory : undefined
  }
}

function welcome(
  { id, token, silence }: RemoteWorker,
  { range, mailbox }: WorkerConnection,
  { nonce }: Hello,
  memory: SharedMemory | undefined,
): Welcome {
  return {
    type: 'welcome',
    workerId: id,
    idRange: range,
    proof: proofOf(token, nonce),
    received: mailbox.link.received,
    ...silence,
    ...(memory !== undefined && { memory: memory.probe }),
  }
}
