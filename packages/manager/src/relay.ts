/** Passes on what workers say to each other, unread; and answers for those that are gone. */

import { AbortError, Codec, type EncodedBody, type Header, noHooks, rangeOf } from '@dialback/protocol'
import { ownRange, type ReferenceLedger } from './reference-ledger.ts'
import { checkRelayed } from './relay-rules.ts'
import { RelayedBodies } from './relayed-bodies.ts'
import { firstWorkerRange, type RemoteWorker, type WorkerConnection } from './remote-worker.ts'

export interface RelayOptions {
  readonly ledger: ReferenceLedger
  worker(id: number): RemoteWorker | undefined
  /** Why nothing can be sent to a worker, encoded as an error's body. */
  refusal(workerId: number): EncodedBody
  /** The next of the manager's own ids. */
  nextId(): number
  /** Told besides the `cancel` that is passed on, which a thread in a busy loop does not read. */
  cancelled(worker: RemoteWorker, thread: WorkerConnection, call: number): void
}

/** A call or question that was passed on and is not answered yet; a `take` until what was taken has arrived. */
interface Passed {
  readonly type: Header['type']
  readonly from: WorkerConnection
  readonly to: WorkerConnection
  readonly workerId: number
  readonly keep: number | undefined
  /** Its caller waits for no answer: it is not cancelled with its caller. */
  readonly isSilent: boolean
  /** Its caller wants it to end. */
  isCancelled: boolean
}

/** What becomes of what was asked of a connection that is gone. */
export interface Refusal {
  /** An error's body. */
  readonly body: EncodedBody
  /** A thread that was replaced has `thrown` it: whoever asks later for what it was to keep is told so by its agent. */
  readonly kind: 'thrown' | 'failed'
  /** Whether a call never began, so that its caller may make it again, of the thread that took the place of the one that is gone. */
  readonly neverBegan?: (call: number) => boolean
}

interface Route {
  readonly from: WorkerConnection
  readonly to: WorkerConnection
  /** The call or question whose answer this is. */
  readonly answers?: number
}

const callerGone = new Codec(noHooks).encode(new AbortError('The caller is gone'), 'reason')

export class Relay {
  readonly #options: RelayOptions
  readonly #ranges = new Map<number, WorkerConnection>()
  readonly #passed = new Map<number, Passed>()
  readonly #bodies: RelayedBodies

  constructor(options: RelayOptions) {
    this.#options = options
    this.#bodies = new RelayedBodies(options.ledger)
  }

  get size(): number {
    return this.#passed.size + this.#bodies.size
  }

  add(connection: WorkerConnection): void {
    this.#ranges.set(connection.range, connection)
  }

  /** Takes a frame that is not for the manager: true when it did. @throws {ProtocolError} when no worker may send it to another. */
  take(header: Header, bytes: Uint8Array | null, from: WorkerConnection): boolean {
    if (this.#route(header, bytes, from)) return true
    this.#options.ledger.passes(header, from.range, ownRange)
    return false
  }

  #route(header: Header, bytes: Uint8Array | null, from: WorkerConnection): boolean {
    switch (header.type) {
      case 'call':
      case 'define':
      case 'module':
        if (header.to === 1) return false
        this.#pass(header, bytes, from, this.#options.worker(header.to)?.threadFor(from.range))
        return true
      case 'cancel':
        if (header.to === 1) return false
        this.#cancel(header, bytes, from)
        return true
      case 'received':
        if (header.to === 1) return false
        this.#pass(header, bytes, from, this.#passed.get(header.id)?.to)
        this.#passed.delete(header.id)
        return true
      case 'open':
      case 'put':
      case 'take':
      case 'inspect':
      case 'close':
      case 'fetch':
        if (header.to === 1) return false
        this.#pass(header, bytes, from, this.#options.worker(header.to)?.control)
        return true
      case 'release':
        this.#options.ledger.release(header.refs, from.range)
        return true
      case 'result':
      case 'error':
      case 'state':
      case 'unknown':
        return this.#answer(header, bytes, from)
      case 'chunk':
        return this.#bodies.chunk(header, bytes, from.mailbox)
      case 'credit':
      case 'stop':
        return this.#bodies.flow(header, from.mailbox)
      // biome-ignore format: these are for the manager itself
      case 'free':
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

  /** Answers for a connection that is gone, and cancels what it had asked for. */
  remove(connection: WorkerConnection, refusal: Refusal): void {
    const { ledger } = this.#options
    this.#ranges.delete(connection.range)
    ledger.holderGone(connection.range)
    for (const [id, passed] of this.#passed) {
      if (passed.to === connection) this.#refuse(id, passed, refusal)
      else if (passed.from !== connection) continue
      else if (!passed.isSilent) this.#cancelOrphan(id, passed)
      this.#passed.delete(id)
    }
    this.#bodies.remove(connection.mailbox, refusal.kind, refusal.body)
  }

  #refuse(id: number, { type, from, workerId, keep, isCancelled }: Passed, refusal: Refusal): void {
    const { body, kind, neverBegan } = refusal
    if (type === 'call' && !isCancelled && neverBegan?.(id) === true) {
      from.mailbox.post({ type: 'unknown', id })
      return
    }
    from.mailbox.post({ type: 'error', id, kind }, body)
    if (kind === 'thrown' && keep !== undefined) this.failKept(workerId, keep, body)
    this.#options.ledger.ended(id)
  }

  #cancelOrphan(id: number, { to, workerId, keep }: Passed): void {
    to.mailbox.post({ type: 'cancel', id, to: workerId })
    // A thread in a busy loop would never say so.
    if (keep !== undefined) this.failKept(workerId, keep, callerGone)
    this.#tellCancelled(id)
  }

  #cancel(header: Header & { type: 'cancel' }, bytes: Uint8Array | null, from: WorkerConnection): void {
    const passed = this.#passed.get(header.id)
    this.#pass(header, bytes, from, passed?.to)
    if (passed !== undefined) passed.isCancelled = true
    // It was to be made again, which it will not be.
    else this.#options.ledger.ended(header.id)
    this.#tellCancelled(header.id)
  }

  /** A call only: questions are answered by the main thread of the agent. */
  #tellCancelled(id: number): void {
    const passed = this.#passed.get(id)
    const worker = passed?.type === 'call' ? this.#options.worker(passed.workerId) : undefined
    if (passed !== undefined && worker !== undefined) this.#options.cancelled(worker, passed.to, id)
  }

  /** Has a worker keep that a call failed, for its thread was replaced or its caller is gone. */
  failKept(workerId: number, ref: number, thrown: EncodedBody): void {
    const mailbox = this.#options.worker(workerId)?.control?.mailbox
    mailbox?.post(
      { type: 'put', id: this.#options.nextId(), to: workerId, ref, isCall: true, kind: 'thrown' },
      thrown,
    )
  }

  #pass(
    header: Header & { to: number },
    bytes: Uint8Array | null,
    from: WorkerConnection,
    to: WorkerConnection | undefined,
  ): void {
    checkRelayed({ header, bytes, range: from.range, isOwn: this.#isOf(from, header.to) })
    if (to === undefined) {
      if (isAnswered(header))
        from.mailbox.post({ type: 'error', id: header.id, kind: 'failed' }, this.#options.refusal(header.to))
      if (header.stream !== undefined) from.mailbox.post({ type: 'stop', stream: header.stream })
      return
    }
    if (isAnswered(header)) {
      const { type, id, to: workerId } = header
      const [keep, isSilent] = type === 'call' ? [header.keep, header.isSilent === true] : [undefined, false]
      this.#passed.set(id, { type, from, to, workerId, keep, isSilent, isCancelled: false })
    }
    this.#forward(header, bytes, { from, to })
  }

  #answer(header: Header & { id: number }, bytes: Uint8Array | null, from: WorkerConnection): boolean {
    const range = rangeOf(header.id)
    if (range < firstWorkerRange) return false
    checkRelayed({ header, bytes, range: from.range, isOwn: false })
    const to = this.#ranges.get(range)
    const passed = this.#passed.get(header.id)
    const isTaken = header.type === 'result' && passed?.type === 'take'
    // Nobody else is believed, and nobody twice.
    const isAsked = passed?.to === from
    if (isAsked && !isTaken) this.#passed.delete(header.id)
    if (isAsked && to !== undefined) {
      this.#forward(header, bytes, { from, to, answers: header.id })
      return true
    }
    // The caller is gone; nobody wants the rest.
    if (header.stream !== undefined) from.mailbox.post({ type: 'stop', stream: header.stream })
    if (to === undefined) this.#options.ledger.ended(header.id)
    return true
  }

  #isOf(connection: WorkerConnection, workerId: number): boolean {
    const { index = -1 } = connection.thread ?? {}
    return this.#options.worker(workerId)?.threadAt(index) === connection
  }

  #forward(header: Header, bytes: Uint8Array | null, { from, to, answers }: Route): void {
    this.#options.ledger.passes(header, from.range, to.range)
    this.#bodies.expect(header, { source: from.mailbox, sink: to.mailbox, holder: to.range, answers })
    to.mailbox.link.send(header, bytes)
  }
}

type Addressed = Header & { readonly to: number }

/** Whether a message that is passed on gets an answer: a call, or a question about a value. */
function isAnswered(header: Addressed): header is Addressed & { readonly id: number } {
  return header.type === 'call' || ('id' in header && 'ref' in header)
}
