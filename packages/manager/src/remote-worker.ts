/** One worker as the manager sees it: its connections, its state, and its end. */

import {
  type EncodedBody,
  emptyBody,
  Heartbeat,
  type Letter,
  Mailbox,
  type Message,
  monotonicMs,
  type ProtocolError,
  type SharedMemory,
  type Transport,
  type WorkerExit,
} from '@dialback/protocol'
import type { LaunchedWorker } from './cluster-manager.ts'

/** A connection of the worker, from the first hello of its name on. */
export interface WorkerConnection {
  /** `control`, or `thread {index}.{generation}`. */
  readonly name: string
  readonly mailbox: Mailbox
  /** What its far end numbers its ids from. */
  readonly range: number
  readonly thread: ThreadName | undefined
  /** Shared with its far end. */
  readonly memory: SharedMemory | undefined
}

export interface ThreadName {
  readonly index: number
  readonly generation: number
}

/** How silence is told from an end, in ms; both sides keep to it. */
export interface Silence {
  readonly heartbeatIntervalMs: number
  /** After this long without a word the other side counts as gone. */
  readonly silenceLimitMs: number
}

export interface RemoteWorkerEvents {
  /** A message that no other process is to get. */
  message(message: Letter, body: EncodedBody, connection: WorkerConnection): void
  /** The manager itself sends a message. */
  posted(message: Letter, connection: WorkerConnection): void
  relay(
    header: Parameters<NonNullable<ConstructorParameters<typeof Mailbox>[0]['events']['relay']>>[0],
    bytes: Uint8Array | null,
    from: WorkerConnection,
  ): boolean
  /** Another thread took this one's place: what was sent to it gets no answer. */
  threadLost(connection: WorkerConnection): void
  /** A thread can be called. */
  threadReady(connection: WorkerConnection): void
  /** The worker said that it will end. */
  leaving(): void
  /** The worker has said nothing for too long. */
  silent(): void
  /** The worker sent what no worker may send; nothing more is taken from it. */
  violated(error: ProtocolError): void
}

export interface RemoteWorkerOptions {
  readonly id: number
  readonly name: string
  readonly token: string
  readonly silence: Silence
  readonly nextRange: () => number
  readonly nextId: () => number
  readonly events: RemoteWorkerEvents
}

export class RemoteWorker {
  readonly id: number
  readonly name: string
  readonly token: string
  readonly silence: Silence
  launched: LaunchedWorker | undefined
  /** Set once the worker is known to have ended. */
  exit: WorkerExit | undefined
  /** It was in the cluster, be it no more. */
  hasJoined = false
  /** It said that it will end. */
  isLeaving = false
  /** `rmProcs` was asked to remove it. */
  isRemoved = false
  /** Settles with the id when the worker can be called, or with its loss before that. */
  readonly joined: PromiseWithResolvers<number> = Promise.withResolvers()
  readonly #options: RemoteWorkerOptions
  readonly #connections = new Map<string, WorkerConnection>()
  readonly #threads: (WorkerConnection | undefined)[] = []
  #heartbeat: Heartbeat | undefined
  #control: WorkerConnection | undefined
  #turn = 0
  readonly #onLost = new Set<() => void>()

  constructor(options: RemoteWorkerOptions) {
    this.id = options.id
    this.name = options.name
    this.token = options.token
    this.silence = options.silence
    this.#options = options
    // Not everybody waits for it.
    this.joined.promise.catch(() => {})
  }

  get podUid(): string | undefined {
    return this.launched?.pod?.uid
  }

  /** It is lost because nothing was heard of it; what became of it may still be told. */
  get isSilent(): boolean {
    return this.exit?.reason === 'Disconnected'
  }

  get control(): WorkerConnection | undefined {
    return this.#control
  }

  get threads(): readonly WorkerConnection[] {
    return this.#threads.filter((thread) => thread !== undefined)
  }

  get connections(): Iterable<WorkerConnection> {
    return this.#connections.values()
  }

  /** Whether the control connection and those of all threads stand. */
  get isConnected(): boolean {
    return (
      this.#control !== undefined &&
      this.threads.length === (this.launched?.threads ?? Number.POSITIVE_INFINITY)
    )
  }

  /** A thread to call: they take turns. */
  get nextThread(): WorkerConnection | undefined {
    this.#turn = (this.#turn + 1) % Math.max(1, this.#threads.length)
    return this.#threads[this.#turn]
  }

  threadAt(index: number): WorkerConnection | undefined {
    return this.#threads[index]
  }

  /** The thread that serves the calls of another process, always the same so that they start in order. */
  threadFor(range: number): WorkerConnection | undefined {
    return this.#threads[range % Math.max(1, this.#threads.length)]
  }

  /** Finds the connection that a hello names, or makes it. Undefined when the name is not one that a worker has. */
  connection(name: string, memory: SharedMemory | undefined): WorkerConnection | undefined {
    const known = this.#connections.get(name)
    if (known !== undefined) return known
    const thread = parseThreadName(name)
    if (name !== 'control' && thread === undefined) return undefined
    if (thread !== undefined && !this.#mayDial(thread)) return undefined
    const mailbox: Mailbox = new Mailbox({
      memory,
      nextStream: this.#options.nextId,
      events: {
        message: (message, body) => this.#receive(message, body, connection),
        posted: (message) => this.#options.events.posted(message, connection),
        relay: (header, bytes) => this.#options.events.relay(header, bytes, connection),
        // The worker dials again; if it is gone, its process' end or its silence tells.
        detached: () => {},
        violated: (error) => this.#options.events.violated(error),
      },
    })
    const connection: WorkerConnection = { name, mailbox, range: this.#options.nextRange(), thread, memory }
    this.#connections.set(name, connection)
    return connection
  }

  /** Goes on over a transport; the first time this makes the connection usable. */
  attach(connection: WorkerConnection, transport: Transport, received: number): void {
    const isFirst =
      connection !== this.#control && connection !== this.#threads[connection.thread?.index ?? -1]
    connection.mailbox.link.attach(transport, received)
    transport.hold(false)
    if (!isFirst) return
    if (connection.thread === undefined) this.#startHeartbeat(connection)
    else this.#takePlace(connection, connection.thread)
  }

  /** The worker has put another thread in the place of `former`: what is sent there from now on waits until it dials. */
  expectSuccessor(former: WorkerConnection): WorkerConnection | undefined {
    const { thread, memory } = former
    // It has dialled already.
    if (thread === undefined || this.#threads[thread.index] !== former) return undefined
    const successor = this.connection(`thread ${thread.index}.${thread.generation + 1}`, memory)
    if (successor?.thread !== undefined) this.#takePlace(successor, successor.thread)
    return successor
  }

  /** Asks the agent, by a message on the control connection. */
  ask(message: Message): void {
    this.#control?.mailbox.post(message, emptyBody, true)
  }

  /** Tells the agent to end, and its threads that they need not dial again when their connections close. */
  sayGoodbye(reason: string): void {
    for (const { mailbox } of this.#connections.values()) {
      mailbox.post({ type: 'goodbye', reason }, emptyBody, true)
      mailbox.link.flush()
    }
  }

  /** Ends what says nothing any more, from outside. */
  endSilent(): void {
    if (this.launched?.silent === undefined) this.launched?.end('kill')
    else this.launched.silent()
  }

  hold(isHeld: boolean): void {
    for (const { mailbox } of this.#connections.values()) mailbox.link.hold(isHeld)
  }

  /** Calls back when the worker is lost; the result ends that. */
  whenLost(callback: () => void): () => void {
    this.#onLost.add(callback)
    return () => this.#onLost.delete(callback)
  }

  /** Closes all connections at once. */
  destroy(): void {
    this.#heartbeat?.stop()
    for (const callback of this.#onLost) callback()
    this.#onLost.clear()
    for (const { mailbox } of this.#connections.values()) {
      // Asked to end: that message must still leave.
      if (this.isRemoved) mailbox.close('removed')
      else mailbox.destroy()
    }
  }

  /** Not one whose place has been taken: what it has sent while it was being ended may come late. */
  #mayDial({ index, generation }: ThreadName): boolean {
    const { thread } = this.#threads[index] ?? {}
    const isThere = index < (this.launched?.threads ?? Number.POSITIVE_INFINITY)
    return isThere && (thread === undefined || thread.generation < generation)
  }

  #startHeartbeat(connection: WorkerConnection): void {
    this.#control = connection
    const { link } = connection.mailbox
    const { heartbeatIntervalMs, silenceLimitMs } = this.silence
    const { events } = this.#options
    let pings = 0
    this.#heartbeat = new Heartbeat({
      intervalMs: heartbeatIntervalMs,
      silenceLimitMs,
      lastReceivedAt: () => link.lastReceivedAt,
      now: monotonicMs,
      ping: () => link.send({ type: 'ping', n: ++pings }, null, true),
      silent: () => events.silent(),
    })
  }

  #takePlace(connection: WorkerConnection, { index }: ThreadName): void {
    const former = this.#threads[index]
    this.#threads[index] = connection
    if (former !== undefined) {
      this.#connections.delete(former.name)
      former.mailbox.destroy()
    }
    this.#options.events.threadReady(connection)
    // Last: what never began in the former is sent here, after what has to run here first.
    if (former !== undefined) this.#options.events.threadLost(former)
  }

  #receive(message: Letter, body: EncodedBody, connection: WorkerConnection): void {
    if (message.type === 'ping') connection.mailbox.post({ type: 'pong', n: message.n }, emptyBody, true)
    else if (message.type === 'drain' || message.type === 'goodbye') this.#options.events.leaving()
    else if (message.type !== 'pong') this.#options.events.message(message, body, connection)
  }
}

/**
 * The ranges of connections begin here. Those below are all the manager's own: it begins with the first one and goes on to the next
 * when that is used up, which a busy one does within days.
 */
export const firstWorkerRange = 1_024

function parseThreadName(name: string): ThreadName | undefined {
  const match = /^thread (\d{1,4})\.(\d{1,9})$/.exec(name)
  return match === null ? undefined : { index: Number(match[1]), generation: Number(match[2]) }
}
