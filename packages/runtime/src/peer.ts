/** One process of the cluster as its own code sees it: calls others, is called, knows who is there. */

import {
  AbortError,
  type BodyFacts,
  type Call,
  type EncodedBody,
  type Letter,
  type Mailbox,
  ProtocolError,
  RemoteError,
  type Result,
  type WorkerTerminatedError,
} from '@dialback/protocol'
import { batchOutcome } from './batch-outcome.ts'
import type { Encoded } from './body-encoder.ts'
import { callFields } from './call-message.ts'
import { CallRunner, type CallRunnerOptions } from './call-runner.ts'
import type { AnyFunction, Caller, CallInput, Shipment, StartedCall, StartOptions } from './caller.ts'
import type { Carrier } from './carrier.ts'
import { textOfThrown } from './fallback-error.ts'
import { createHandles } from './handles.ts'
import { KeeperClient } from './keeping/keeper-client.ts'
import { startHere } from './local-call.ts'
import { type LostMailbox, settleLost } from './lost-mailbox.ts'
import type { PeerHost } from './peer-host.ts'
import { type PendingCall, PendingCalls } from './pending-calls.ts'
import { withPools } from './pool-handles.ts'
import { moduleFields, type Posting, postDefinition, postModules } from './post-encoded.ts'
import { readReason, receiveDefinition, receiveModule } from './receive-code.ts'
import { asOfNow, startLater } from './start-later.ts'

/** Each time a thread was replaced in the meantime. */
const maxResends = 8

export class Peer implements Caller {
  readonly carrier: Carrier
  /** Futures and channels, wherever they are. */
  readonly values: KeeperClient
  readonly runner: CallRunner
  readonly threadsOf: (id: number) => number
  readonly warn: (text: string) => void
  /** Shows what nobody waits to be told. */
  readonly print: (thrown: unknown) => void
  readonly #host: PeerHost
  readonly #pending: PendingCalls
  readonly #posting: Posting

  constructor(host: PeerHost, carrier: Carrier, shared: Pick<CallRunnerOptions, 'claims' | 'mark'> = {}) {
    this.#host = host
    this.carrier = carrier
    this.threadsOf = (id) => host.threadsOf?.(id) ?? 1
    this.warn = (text) => host.warn?.(text)
    this.print = (thrown) => host.print(textOfThrown(thrown))
    this.#pending = new PendingCalls(host)
    this.values = new KeeperClient(host, this.#pending, carrier)
    carrier.setHandles(withPools(this, createHandles(this)))
    this.#posting = { carrier, nextId: () => host.nextId() }
    this.runner = new CallRunner({
      ...this.#posting,
      keep: (ref, value) => host.keep(ref, value),
      print: (text) => host.print(text),
      peer: this,
      ...shared,
    })
  }

  get id(): number {
    return this.#host.id
  }

  get pendingCount(): number {
    return this.#pending.size
  }

  workers(): readonly number[] {
    return this.#host.workers()
  }

  lossOf(id: number): WorkerTerminatedError | undefined {
    return this.#host.lossOf(id)
  }

  onMembershipChange(listener: () => void): () => void {
    return this.#host.onMembershipChange(listener)
  }

  ship(fn: AnyFunction): Shipment {
    return this.carrier.isLoaded ? this.carrier.prepare(fn) : { fn }
  }

  /** An id for a value or call that this process names. */
  nextId(): number {
    return this.#host.nextId()
  }

  start(shipment: Shipment, target: number, input: CallInput, options: StartOptions = {}): StartedCall {
    if (target === this.id) {
      const failed = options.isSilent === true ? this.print : undefined
      return startHere({ peer: this, fn: shipment.fn, input, failed })
    }
    // A worker loads shipping when it first calls somebody: what calls meanwhile follows in order.
    if (!this.carrier.isLoaded) return this.#startLoaded(shipment, target, input, options)
    const mailbox = options.mailbox ?? this.#host.mailboxTo(target, options.thread)
    const isBatch = input.kind === 'batch'
    const { body, modules, needs, handles } = this.#encodeInput(input)
    const prepared = this.carrier.prepared(shipment)
    const claim = options.lane === undefined ? undefined : this.#host.claim?.(mailbox)
    const id = this.#host.nextId()
    const isShared = options.lane !== undefined || shipment.isShared === true
    const call: Call & BodyFacts = {
      type: 'call',
      id,
      to: target,
      fn: prepared.hash,
      ...callFields(options, isBatch, this.id),
      ...(claim !== undefined && { claim }),
      ...this.carrier.called.copyOf(prepared, { id, to: target, isShared }, mailbox),
      ...moduleFields(needs),
      ...(handles !== undefined && { handles }),
    }
    postModules(this.#posting, mailbox, target, modules)
    const sent = { call, target, mailbox, prepared, body, modules }
    const pending: PendingCall = { ...sent, isBatch, settle: undefined, onRefused: options.onRefused }
    this.#send(pending)
    if (options.isSilent === true) return this.#pending.addSilent(pending)
    const result = this.#pending.add(pending)
    return {
      result,
      recall: () => this.#recall(pending),
      cancel: (reason) => this.#cancel(pending, reason),
    }
  }

  /** Takes a message for this process. */
  receive(message: Letter, body: EncodedBody, mailbox: Mailbox): void {
    if (message.handles !== undefined) this.values.references.arrived(message.handles, body)
    if (this.#pending.isStray(message, mailbox)) return
    switch (message.type) {
      case 'call':
        this.runner.receive({ call: message, body, mailbox })
        return
      case 'result':
        this.#settle(message, (pending) => this.#readResult(pending, message, body))
        return
      case 'error':
        this.#failed(message, body)
        return
      case 'state':
        this.#settle(message, () => message)
        return
      case 'unknown':
        this.#defineAgain(message.id)
        return
      case 'cancel':
        this.runner.cancel(message.id, readReason(this.carrier, body))
        return
      case 'define':
        receiveDefinition(this.runner, message, body)
        return
      case 'module':
        receiveModule(this.carrier, body)
        return
      // biome-ignore format: these are between the agent and its manager, or handled by the mailbox
      case 'open':
      case 'put':
      case 'take':
      case 'received':
      case 'inspect':
      case 'close':
      case 'fetch':
      case 'release':
      case 'free':
      case 'chunk':
      case 'credit':
      case 'stop':
      case 'ping':
      case 'pong':
      case 'members':
      case 'recall':
      case 'recalled':
      case 'interrupt':
      case 'interrupted':
      case 'drain':
      case 'goodbye':
    }
  }

  /** Rejects what waits for a process that is gone. */
  lost(target: number, error: Error): void {
    for (const pending of this.#pending.ofTarget(target))
      this.#pending.settle(pending, () => Promise.reject(error))
  }

  /** Rejects what was sent over a connection whose thread is gone, but for what another one can still be sent. */
  mailboxLost(mailbox: Mailbox, lost: LostMailbox): void {
    settleLost(this.#pending, mailbox, { ...lost, send: (pending) => this.#sendAgain(pending) })
  }

  #sendAgain(pending: PendingCall): void {
    if (pending.mailbox === undefined) return
    postModules(this.#posting, pending.mailbox, pending.target, pending.modules ?? [])
    this.#send(pending)
  }

  #send({ call, target, mailbox, prepared, body }: PendingCall): void {
    if (prepared === undefined || mailbox === undefined || call.type !== 'call') return
    postDefinition(this.#posting, mailbox, target, prepared)
    mailbox.post(call, body)
  }

  #defineAgain(id: number): void {
    const pending = this.#pending.get(id)
    if (pending?.prepared === undefined || pending.mailbox === undefined) return
    pending.resends = (pending.resends ?? 0) + 1
    if (pending.resends > maxResends) {
      const error = new ProtocolError(
        `Process ${pending.target} asks for a function again and again: what was sent of it cannot be read there`,
      )
      this.#pending.settle(pending, () => Promise.reject(error))
      return
    }
    this.carrier.sent.forget(pending.mailbox)
    this.#sendAgain(pending)
  }

  #settle(
    { id, modules }: { id: number; modules?: readonly string[] },
    read: (pending: PendingCall) => unknown,
  ): void {
    const pending = this.#pending.get(id)
    // Answered before: by a cancel, or by the loss of its worker.
    if (pending === undefined) return
    this.values.confirm(pending)
    const loading = modules === undefined ? undefined : this.carrier.loadModules(modules)
    this.#pending.settle(pending, () =>
      loading === undefined ? read(pending) : loading.then(() => read(pending)),
    )
  }

  /** One that wants no answer gets none once it has begun: this one never did. */
  #failed(message: Letter & { readonly type: 'error' }, body: EncodedBody): void {
    const read = ({ target }: PendingCall): unknown => this.values.read({ ...message, body }, target)
    const pending = this.#pending.get(message.id)
    const { onRefused } = pending ?? {}
    if (pending !== undefined && onRefused !== undefined)
      void (async () => await read(pending))().catch(onRefused)
    this.#settle(message, read)
  }

  #encodeInput(input: CallInput): Encoded {
    if (input.kind === 'batch') return this.carrier.encode([input.items, input.firstIndex], 'items')
    return input.encoded ?? this.carrier.encode(input.args, argumentName)
  }

  #startLoaded(shipment: Shipment, target: number, input: CallInput, options: StartOptions): StartedCall {
    const given = asOfNow(input, () => this.#encodeInput(input))
    const started = this.carrier.load().then(() => this.start(shipment, target, given, options))
    return startLater(started, options.isSilent === true ? this.print : ignore)
  }

  #readResult(
    { isBatch, target }: PendingCall,
    { own, isPacked }: Letter & Result,
    body: EncodedBody,
  ): unknown {
    const value = this.values.read(
      { kind: 'value', body, isPacked, ...(own !== undefined && { own }) },
      target,
    )
    return isBatch ? batchOutcome(target, value) : value
  }

  #recall(pending: PendingCall): Promise<boolean> {
    if (pending.call.type !== 'call' || pending.call.claim === undefined || this.#host.takeBack === undefined)
      return Promise.resolve(false)
    return this.#host.takeBack(pending).then((isTaken) => {
      if (isTaken) this.#pending.forget(pending)
      return isTaken
    })
  }

  #cancel(pending: PendingCall, reason: unknown): void {
    if (this.#pending.get(pending.call.id) === undefined) return
    const thrown = reason ?? new AbortError('Cancelled')
    pending.mailbox?.post(
      { type: 'cancel', id: pending.call.id, to: pending.target },
      this.carrier.encodeThrown(thrown).body,
    )
    this.#pending.settle(pending, () => Promise.reject(new RemoteError(pending.target, thrown)))
    this.#host.cancelled?.(pending)
  }
}

function argumentName(index: number): string {
  return `argument ${index + 1}`
}

function ignore(): void {}
