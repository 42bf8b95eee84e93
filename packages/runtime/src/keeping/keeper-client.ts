/** Asks those who keep futures and channels, be it this very process. */

import {
  AbortError,
  type EncodedBody,
  emptyBody,
  type Letter,
  RemoteError,
  SerializationError,
} from '@dialback/protocol'
import { NotLoaded } from '../body-encoder.ts'
import type { Carrier } from '../carrier.ts'
import type { PeerHost } from '../peer-host.ts'
import type { PendingCall, PendingCalls } from '../pending-calls.ts'
import { type Asker, type Content, factsOf, failure, nothing, type PlaceState } from './content.ts'
import type { Keeper, KeeperQuestion } from './keeper.ts'
import { ReferenceTable } from './reference-table.ts'

export interface WaitOptions {
  /** Ends the waiting, which rejects with its reason; unless it was over when the owner heard of it. */
  readonly signal?: AbortSignal | undefined
}

/** Where a future or channel is. */
export interface Reference {
  readonly owner: number
  readonly ref: number
}

interface Asking extends WaitOptions {
  readonly question: Question
  readonly at: Reference
  /** What a `put` brings. */
  readonly content?: Content
}

type Question =
  | { readonly type: 'fetch'; readonly isWaitOnly?: boolean }
  | { readonly type: 'put'; readonly isOwn?: boolean; readonly kind?: 'failed' }
  | { readonly type: 'take' | 'inspect' | 'close' }

export class KeeperClient {
  readonly references: ReferenceTable
  readonly #host: PeerHost
  readonly #pending: PendingCalls
  readonly #carrier: Carrier
  /** What this thread put into futures and channels of its own process, by the id of the `put`. */
  readonly #own = new Map<number, unknown>()
  #loading: Promise<void> | undefined

  constructor(host: PeerHost, pending: PendingCalls, carrier: Carrier) {
    this.#host = host
    this.#pending = pending
    this.#carrier = carrier
    this.references = new ReferenceTable((refs) => host.release(refs))
  }

  /** Makes a future, or with `capacity` a channel, for which `handle` stands here. That there is no such process shows later. */
  open({ owner, ref }: Reference, handle: object, capacity?: number): void {
    this.references.adopt(ref, handle, true)
    const keeper = this.#keeperHere(owner)
    if (keeper !== undefined) {
      this.#host.hold?.([owner, ref])
      keeper.open(ref, capacity)
      return
    }
    const letter = { type: 'open', to: owner, ref, ...(capacity !== undefined && { capacity }) } as const
    try {
      this.#host.keeperOf(owner).post(letter)
    } catch {
      // Whoever asks for it is told.
    }
  }

  async fetch(at: Reference, isWaitOnly = false, options: WaitOptions = {}): Promise<unknown> {
    return await this.#ask({ question: { type: 'fetch', ...(isWaitOnly && { isWaitOnly }) }, at, ...options })
  }

  async take(at: Reference, options: WaitOptions = {}): Promise<unknown> {
    return await this.#ask({ question: { type: 'take' }, at, ...options })
  }

  async inspect(at: Reference): Promise<PlaceState> {
    // The cast: a `state` is what answers it.
    return (await this.#ask({ question: { type: 'inspect' }, at })) as PlaceState
  }

  async close(at: Reference): Promise<void> {
    // After what was put before.
    if (this.#loading !== undefined) await this.#loading
    await this.#ask({ question: { type: 'close' }, at })
  }

  /** @throws {SerializationError} when the value cannot travel, unless this process keeps it. */
  async put(at: Reference, value: unknown, options: WaitOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    if (this.#loading !== undefined) await this.#loading
    try {
      await this.#put(at, value, options)
    } catch (error) {
      if (!(error instanceof NotLoaded)) throw error
      // A worker loads shipping when it first has a function to send; what is put meanwhile waits.
      this.#loading ??= this.#carrier.load().finally(() => {
        this.#loading = undefined
      })
      await this.#loading
      await this.#put(at, value, options)
    }
  }

  /** Has this process keep how something ended that runs here, under a reference that was opened. */
  publish(ref: number, done: Promise<unknown>): void {
    const at = { owner: this.#host.id, ref }
    done
      .then(
        (value) => this.put(at, value),
        (error: unknown) =>
          this.#ask({ question: { type: 'put', kind: 'failed' }, at, content: this.#failed(error) }),
      )
      // Set, or not needed, before.
      .catch(() => {})
  }

  /** Gives what an answer brought. */
  read(content: Content, owner: number): unknown {
    if (content.own !== undefined) return this.#own.get(content.own)
    if (content.here !== undefined) return content.here.value
    const value = content.isPacked === true ? this.#carrier.unpack(content.body) : this.#decode(content.body)
    if (content.kind === 'value') return value
    const fail = (thrown: unknown): never => {
      throw content.kind === 'failed' ? thrown : new RemoteError(owner, thrown)
    }
    return value instanceof Promise && content.isPacked === true ? value.then(fail) : fail(value)
  }

  /** Tells that what was taken has arrived, before user code can end this process. */
  confirm({ call, target, mailbox }: PendingCall): void {
    if (call.type !== 'take' || mailbox === undefined) return
    mailbox.post({ type: 'received', id: call.id, to: target }, emptyBody, true)
    mailbox.link.flush()
  }

  /** What was put here is not kept any more. */
  left(putId: number): void {
    this.#own.delete(putId)
  }

  #put(at: Reference, value: unknown, { signal }: WaitOptions): Promise<unknown> {
    if (this.#keeperHere(at.owner) !== undefined) {
      return this.#ask({ question: { type: 'put' }, at, content: { ...nothing, here: { value } }, signal })
    }
    const isOwn = at.owner === this.#host.id
    const content = this.#encode(value, isOwn)
    const question = {
      type: 'put',
      ...(isOwn && { isOwn }),
      ...(content.kind !== 'value' && { kind: 'failed' as const }),
    } as const
    return this.#ask({ question, at, content, signal, ...(isOwn && { own: { value } }) })
  }

  #ask({
    question,
    at,
    content = nothing,
    signal,
    own,
  }: Asking & { own?: { value: unknown } }): Promise<unknown> {
    signal?.throwIfAborted()
    const id = this.#host.nextId()
    const asked = { ...question, id, to: at.owner, ref: at.ref } as KeeperQuestion
    const keeper = this.#keeperHere(at.owner)
    if (keeper !== undefined) {
      const pending: PendingCall = { call: asked, target: at.owner, isBatch: false, settle: undefined }
      const result = this.#pending.add(pending)
      keeper.ask(asked, content, this.#askerHere(pending))
      return untilAborted(result, signal, () => keeper.cancel(id, aborted()))
    }
    const mailbox = this.#host.keeperOf(at.owner)
    if (own !== undefined) this.#own.set(id, own.value)
    mailbox.post({ ...asked, ...factsOf(content) } as Letter, content.body)
    const result = this.#pending.add({
      call: asked,
      target: at.owner,
      mailbox,
      isBatch: false,
      settle: undefined,
    })
    return untilAborted(result, signal, () =>
      mailbox.post({ type: 'cancel', id, to: at.owner }, aborted().body),
    )
  }

  #askerHere(pending: PendingCall): Asker {
    const settle = (read: () => unknown): void => this.#pending.settle(pending, read)
    return {
      id: pending.call.id,
      isHere: true,
      has: () => false,
      give: (content) => {
        // Of its own: the same one may be given several times.
        const body = { ...content.body }
        if (content.handles !== undefined) {
          this.#host.hold?.(content.handles)
          this.references.arrived(content.handles, body)
        }
        settle(() => this.read({ ...content, body }, pending.target))
      },
      done: () => settle(() => undefined),
      tell: (state) => settle(() => state),
    }
  }

  #keeperHere(owner: number): Keeper | undefined {
    return owner === this.#host.id ? this.#host.keeper : undefined
  }

  /** What cannot travel can still be given to the thread that has it. */
  #encode(value: unknown, isOwn: boolean): Content {
    try {
      return this.#carrier.encodeContent(value)
    } catch (error) {
      if (isOwn && error instanceof SerializationError) return failure(error)
      throw error
    }
  }

  #failed(error: unknown): Content {
    return { ...this.#carrier.packing.pack(this.#carrier.encodeThrown(error)), kind: 'failed' }
  }

  #decode(body: EncodedBody): unknown {
    return body.head.byteLength === 0 ? undefined : this.#carrier.decode(body)
  }
}

/** Made when it is needed: to encode the first error takes a worker longer than to dial. */
function aborted(): Content {
  return failure(new AbortError('Aborted'))
}

async function untilAborted(
  result: Promise<unknown>,
  signal: AbortSignal | undefined,
  cancel: () => void,
): Promise<unknown> {
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    return await result
  } catch (error) {
    throw signal?.aborted === true ? signal.reason : error
  } finally {
    signal?.removeEventListener('abort', cancel)
  }
}
