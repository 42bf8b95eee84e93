/** Passes on what workers say to each other, unread; and answers for those that are gone. */

import {
  type EncodedBody,
  type Header,
  type Mailbox,
  ProtocolError,
  type SharedSlot,
} from '@dialback/protocol'
import { type RemoteWorker, rangeOf, type WorkerConnection } from './remote-worker.ts'

export interface RelayOptions {
  worker(id: number): RemoteWorker | undefined
  /** Why nothing can be sent to a worker, encoded as an error's body. */
  refusal(workerId: number): EncodedBody
}

/** A call or fetch that was passed on and is not answered yet. */
interface Passed {
  readonly from: WorkerConnection
  readonly to: WorkerConnection
  readonly workerId: number
  /** Its caller waits for no answer: it is not cancelled with its caller. */
  readonly isSilent: boolean
}

interface Stream {
  readonly source: Mailbox
  readonly sink: Mailbox
  /** The call or fetch whose answer this is. */
  readonly answers: number | undefined
  /** Chunks that the sink has not credited, and bytes that have not come, so that the end is known. */
  uncredited: number
  missingBytes: number
}

/** This process' own range of ids. */
const ownRange = 0

export class Relay {
  readonly #options: RelayOptions
  readonly #ranges = new Map<number, WorkerConnection>()
  readonly #passed = new Map<number, Passed>()
  readonly #streams = new Map<number, Stream>()

  constructor(options: RelayOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#passed.size + this.#streams.size
  }

  add(connection: WorkerConnection): void {
    this.#ranges.set(connection.range, connection)
  }

  /** Takes a frame that is not for the manager: true when it did. */
  take(header: Header, bytes: Uint8Array | null, from: WorkerConnection): boolean {
    switch (header.type) {
      case 'call':
      case 'define':
      case 'module':
      case 'cancel':
        if (header.to === 1) return false
        this.#pass(header, bytes, from, this.#options.worker(header.to)?.threadFor(from.range))
        return true
      case 'fetch':
      case 'release':
        if (header.to === 1) return false
        this.#pass(header, bytes, from, this.#options.worker(header.to)?.control)
        return true
      case 'result':
      case 'error':
      case 'unknown':
        return this.#answer(header, bytes, from)
      case 'chunk':
        return this.#chunk(header, bytes, from)
      case 'credit':
      case 'stop':
        return this.#flow(header, from)
      // biome-ignore format: these are for the manager itself
      case 'ping':
      case 'pong':
      case 'members':
      case 'recall':
      case 'recalled':
      case 'interrupt':
      case 'interrupted':
      case 'drain':
      case 'goodbye':
        return false
    }
  }

  /** Answers for a connection that is gone with `refusal`, an error's body, and cancels what it had asked for. */
  remove(connection: WorkerConnection, refusal: EncodedBody, kind: 'thrown' | 'failed' = 'failed'): void {
    this.#ranges.delete(connection.range)
    for (const [id, { from, to, workerId, isSilent }] of this.#passed) {
      if (to === connection) from.mailbox.post({ type: 'error', id, kind }, refusal)
      else if (from !== connection) continue
      else if (!isSilent) to.mailbox.post({ type: 'cancel', id, to: workerId })
      this.#passed.delete(id)
    }
    for (const [stream, { source, sink, answers }] of this.#streams) {
      if (source === connection.mailbox) {
        sink.post({ type: 'stop', stream })
        // The answer had begun, so that the call is no longer among those passed on; the rest of it never comes.
        if (answers !== undefined) sink.post({ type: 'error', id: answers, kind }, refusal)
      } else if (sink === connection.mailbox) source.post({ type: 'stop', stream })
      else continue
      this.#streams.delete(stream)
    }
  }

  #pass(
    header: Header & { to: number },
    bytes: Uint8Array | null,
    from: WorkerConnection,
    to: WorkerConnection | undefined,
  ): void {
    if (to === undefined) {
      const isAsked = header.type === 'call' || header.type === 'fetch'
      if (isAsked)
        from.mailbox.post({ type: 'error', id: header.id, kind: 'failed' }, this.#options.refusal(header.to))
      if (header.stream !== undefined) from.mailbox.post({ type: 'stop', stream: header.stream })
      return
    }
    if (header.type === 'fetch' || header.type === 'call') {
      const isSilent = header.type === 'call' && header.isSilent === true
      this.#passed.set(header.id, { from, to, workerId: header.to, isSilent })
    }
    this.#forward(header, bytes, { source: from.mailbox, sink: to.mailbox, answers: undefined })
  }

  #answer(header: Header & { id: number }, bytes: Uint8Array | null, from: WorkerConnection): boolean {
    const range = rangeOf(header.id)
    if (range === ownRange) return false
    const to = this.#ranges.get(range)
    this.#passed.delete(header.id)
    if (to !== undefined)
      this.#forward(header, bytes, { source: from.mailbox, sink: to.mailbox, answers: header.id })
    // The caller is gone; nobody wants the rest.
    else if (header.stream !== undefined) from.mailbox.post({ type: 'stop', stream: header.stream })
    return true
  }

  #forward(
    header: Header,
    bytes: Uint8Array | null,
    route: Pick<Stream, 'source' | 'sink' | 'answers'>,
  ): void {
    if (header.stream !== undefined) {
      const missingBytes = (header.parts ?? []).reduce((sum, length) => sum + length, 0)
      this.#streams.set(header.stream, { ...route, uncredited: 0, missingBytes })
    }
    route.sink.link.send(header, bytes)
  }

  #chunk(header: Header & { type: 'chunk' }, bytes: Uint8Array | null, from: WorkerConnection): boolean {
    const stream = this.#streams.get(header.stream)
    if (stream === undefined || stream.source !== from.mailbox) return false
    const { slot } = header
    if (slot !== undefined && !stream.source.sharesMemory)
      throw new ProtocolError('Received a chunk in memory that is not shared')
    stream.uncredited += 1
    stream.missingBytes -= slot?.length ?? bytes?.byteLength ?? 0
    if (slot === undefined || stream.sink.sharesMemory) stream.sink.link.send(header, bytes)
    else this.#sendCopy(header.stream, slot, stream)
    return true
  }

  /** For a sink that is on another machine than the source. */
  #sendCopy(stream: number, slot: SharedSlot, { source, sink }: Stream): void {
    let bytes: Uint8Array
    try {
      bytes = source.readShared(slot)
    } catch {
      // The source is gone: `remove` will tell the sink.
      return
    }
    sink.link.send({ type: 'chunk', stream }, bytes)
  }

  #flow(header: Header & { stream: number; type: 'credit' | 'stop' }, from: WorkerConnection): boolean {
    const stream = this.#streams.get(header.stream)
    if (stream === undefined) return false
    const other = stream.source === from.mailbox ? stream.sink : stream.source
    // Credit may overtake anything, but a stop must not arrive before what it stops.
    other.link.send(header, null, header.type === 'credit')
    if (header.type === 'credit') stream.uncredited -= header.chunks
    if (header.type === 'stop' || (stream.uncredited === 0 && stream.missingBytes <= 0))
      this.#streams.delete(header.stream)
    return true
  }
}
