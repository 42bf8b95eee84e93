/** A manager's relay, and workers whose far ends of the connections write down what they are told. */

import { setImmediate as turn } from 'node:timers/promises'
import {
  type EncodedBody,
  type Header,
  idsPerRange,
  Mailbox,
  type Message,
  memoryTransportPair,
  type SharedMemory,
} from '@dialback/protocol'
import { ReferenceLedger } from '../src/reference-ledger.ts'
import { Relay } from '../src/relay.ts'
import { firstWorkerRange, RemoteWorker, type WorkerConnection } from '../src/remote-worker.ts'

export interface Received {
  readonly message: Message
  readonly body: EncodedBody
}

/** A worker's end of one connection. */
export class FarEnd {
  readonly received: Received[] = []
  readonly mailbox: Mailbox
  #lastId = 0

  constructor(memory: SharedMemory | undefined) {
    this.mailbox = new Mailbox({
      memory,
      nextStream: () => this.nextId(),
      events: {
        message: (message, body) => this.received.push({ message, body }),
        detached() {},
        violated() {},
      },
    })
  }

  /** Numbers its ids from the range that the manager gave it. */
  start(range: number): void {
    this.#lastId = range * idsPerRange
  }

  nextId(): number {
    this.#lastId += 1
    return this.#lastId
  }

  /** What it was told, without the bodies and how they travelled. */
  get messages(): Message[] {
    return this.received.map(({ message }) => {
      const { parts: _, stream: __, ...rest } = message as Header
      return rest as Message
    })
  }

  /** The bodies as text. */
  get texts(): string[] {
    return this.received.map(({ body }) => Buffer.from(body.head).toString())
  }
}

/** One worker of one thread, from both sides. */
export interface RelayedWorker {
  readonly worker: RemoteWorker
  readonly control: FarEnd
  readonly thread: FarEnd
  readonly threadConnection: WorkerConnection
}

export class RelayedWorkers implements Disposable {
  readonly relay: Relay
  /** Values that nobody holds any more, each `owner:ref`. */
  readonly freed: string[] = []
  readonly ledger: ReferenceLedger = new ReferenceLedger((owner, refs) => {
    for (const ref of refs) this.freed.push(`${owner}:${ref}`)
  })
  /** What reached the manager itself. */
  readonly own: Received[] = []
  /** Calls that were cancelled, with their worker and thread. */
  readonly cancelled: string[] = []
  /** Ids of workers that broke the protocol. */
  readonly violated: number[] = []
  readonly #workers = new Map<number, RemoteWorker>()
  #lastRange = firstWorkerRange - 1
  #lastId = 0

  constructor() {
    this.relay = new Relay({
      ledger: this.ledger,
      nextId: () => ++this.#lastId,
      worker: (id) => this.#workers.get(id),
      cancelled: (worker, { name }, call) => this.cancelled.push(`${worker.id} ${name} ${call}`),
      refusal: (id) => ({ head: Buffer.from(`worker ${id} is gone`), buffers: [] }),
    })
  }

  /** Connects a worker; `memory` is what each side shares with the other. */
  add(
    id: number,
    memory: readonly [manager?: SharedMemory | undefined, worker?: SharedMemory | undefined] = [],
  ): RelayedWorker {
    const worker = new RemoteWorker({
      id,
      name: `w-${id}`,
      token: 'secret',
      silence: { heartbeatIntervalMs: 60_000, silenceLimitMs: 60_000 },
      nextRange: () => ++this.#lastRange,
      nextId: () => ++this.#lastId,
      events: {
        message: (message, body) => this.own.push({ message, body }),
        posted: (message, { range }) => this.ledger.passes(message, 0, range),
        relay: (header, bytes, from) => this.relay.take(header, bytes, from),
        threadLost() {},
        threadReady() {},
        leaving() {},
        silent() {},
        violated: () => this.violated.push(id),
      },
    })
    this.#workers.set(id, worker)
    const [control] = this.#connect(worker, 'control', memory)
    const [thread, threadConnection] = this.#connect(worker, 'thread 0.0', memory)
    return { worker, control, thread, threadConnection }
  }

  /** Takes a worker away as the supervisor does when it is lost. */
  lose({ worker }: RelayedWorker, kind: 'thrown' | 'failed' = 'failed'): void {
    this.#workers.delete(worker.id)
    for (const connection of worker.connections) {
      this.relay.remove(connection, { body: { head: Buffer.from(`lost ${worker.id}`), buffers: [] }, kind })
    }
    worker.destroy()
  }

  /** Replaces a worker's thread, in which calls with these ids began; gives the far end of the one in its place. */
  replaceThread({ worker, threadConnection }: RelayedWorker, begun: readonly number[]): FarEnd {
    const [successor] = this.#connect(worker, 'thread 0.1', [])
    this.relay.remove(threadConnection, {
      body: { head: Buffer.from('replaced'), buffers: [] },
      kind: 'thrown',
      neverBegan: (call) => !begun.includes(call),
    })
    return successor
  }

  [Symbol.dispose](): void {
    for (const worker of this.#workers.values()) worker.destroy()
  }

  #connect(
    worker: RemoteWorker,
    name: string,
    [managerMemory, workerMemory]: readonly [
      manager?: SharedMemory | undefined,
      worker?: SharedMemory | undefined,
    ],
  ): [FarEnd, WorkerConnection] {
    const connection = worker.connection(name, managerMemory)
    if (connection === undefined) throw new Error(`No worker has a connection ${name}`)
    const far = new FarEnd(workerMemory)
    far.start(connection.range)
    const [left, right] = memoryTransportPair()
    this.relay.add(connection)
    far.mailbox.link.attach(left, 0)
    worker.attach(connection, right, 0)
    return [far, connection]
  }
}

/** Lets what was sent arrive at its end, and what that leads to. */
export async function settled(turns = 12): Promise<void> {
  for (let i = 0; i < turns; i++) await turn()
}

export function bodyOf(bytes: number, fill = 7): EncodedBody {
  return { head: Buffer.alloc(bytes, fill), buffers: [] }
}
