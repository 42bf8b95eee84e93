/** A call runner with a caller at the far end of a connection in memory, and functions that the test holds on to. */

import { setImmediate as turn } from 'node:timers/promises'
import {
  type Call,
  type EncodedBody,
  idsPerRange,
  Mailbox,
  type Message,
  memoryTransportPair,
  ProtocolError,
} from '@dialback/protocol'
import { CallRunner } from '../src/call-runner.ts'
import type { AnyFunction } from '../src/caller.ts'
import { Carrier } from '../src/carrier.ts'
import { ClaimTable } from '../src/claim-table.ts'
import type { Content } from '../src/keeping/content.ts'
import { RunningMark } from '../src/running-mark.ts'
import { Gates } from './gates.ts'

/** Gives the test's own functions for what is defined, and loads modules when the test says so. */
class TestCarrier extends Carrier {
  readonly functions = new Map<string, AnyFunction>()
  readonly loading = new Map<string, Promise<unknown>>()

  override async load(): Promise<void> {
    await this.loading.get('shipping')
    await super.load()
  }

  override decodeFunction(body: EncodedBody): AnyFunction {
    const fn = this.functions.get(String(this.decode(body)))
    if (fn === undefined) throw new ProtocolError('Cannot revive it')
    return fn
  }

  /** They were all sent. */
  override hasModules(): boolean {
    return true
  }

  override loadModules(ids: readonly string[]): Promise<void> | undefined {
    const waits = ids.map((id) => this.loading.get(id)).filter((promise) => promise !== undefined)
    return waits.length === 0 ? undefined : Promise.all(waits).then(() => {})
  }
}

export interface Answer {
  readonly type: string
  readonly id: number
  readonly kind?: string
  /** The result, or what was thrown. */
  readonly value: unknown
}

export class ServedRunner {
  readonly answers: Answer[] = []
  readonly printed: string[] = []
  readonly kept: Map<number, Content> = new Map()
  readonly claims: ClaimTable = new ClaimTable()
  readonly mark: RunningMark = new RunningMark()
  readonly runner: CallRunner
  readonly #carrier = new TestCarrier({ runtimeModule: {}, isRuntimeModule: () => false })
  readonly #modules = new Gates<string>()
  readonly #caller: Mailbox
  readonly #mailbox: Mailbox
  #lastId = idsPerRange

  constructor() {
    this.runner = new CallRunner({
      carrier: this.#carrier,
      nextId: () => this.#nextId(),
      claims: this.claims,
      mark: this.mark,
      keep: (ref, value) => this.kept.set(ref, value),
      print: (text) => this.printed.push(text),
    })
    const [left, right] = memoryTransportPair()
    this.#caller = this.#createMailbox((message, body) => this.#note(message, body))
    const mailbox: Mailbox = this.#createMailbox((message, body) => {
      if (message.type === 'call') this.runner.receive({ call: message, body, mailbox })
      else if (message.type === 'define') this.runner.define(message, body)
    })
    this.#caller.link.attach(left, 0)
    mailbox.link.attach(right, 0)
    this.#mailbox = mailbox
  }

  /** Makes modules, or what sends functions (`shipping`), take until `loaded` is called. */
  load(...ids: string[]): void {
    for (const id of ids) this.#carrier.loading.set(id, this.#modules.pass(id))
  }

  async loaded(id: string, error?: Error): Promise<void> {
    if (error === undefined) this.#modules.open(id)
    else this.#modules.fail(id, error)
    await settled()
  }

  /** Sends a function under its own name, or under `hash`. */
  define(fn: AnyFunction, modules: readonly string[] = [], hash: string = fn.name): void {
    this.#carrier.functions.set(hash, fn)
    this.forget(hash, modules)
  }

  /** Sends the name of a function that cannot be made there, unless it was defined before. */
  forget(hash: string, modules: readonly string[] = []): void {
    this.#caller.post(
      { type: 'define', id: this.#nextId(), to: 2, hash, modules },
      this.#carrier.encode(hash, 'hash').body,
    )
  }

  /** Sends a call, and gives its id. */
  call(fn: string, args: readonly unknown[] = [], options: Partial<Call> = {}): number {
    const id = this.#nextId()
    this.#caller.post({ type: 'call', id, to: 2, fn, ...options }, this.#carrier.encode(args, 'args').body)
    return id
  }

  /** Says that whoever called is gone. */
  callerGone(): void {
    this.runner.callerGone(this.#mailbox)
  }

  /** What a kept value is, decoded. */
  keptValue(ref: number): { kind: string; value: unknown } | undefined {
    const kept = this.kept.get(ref)
    return kept && { kind: kept.kind, value: this.#carrier.decode(kept.body) }
  }

  #nextId(): number {
    this.#lastId += 1
    return this.#lastId
  }

  #createMailbox(message: (message: Message, body: EncodedBody) => void): Mailbox {
    return new Mailbox({
      nextStream: () => this.#nextId(),
      events: { message, detached() {}, violated() {} },
    })
  }

  #note(message: Message, body: EncodedBody): void {
    const value = body.head.byteLength === 0 ? undefined : this.#carrier.decode(body)
    if (message.type === 'error')
      this.answers.push({ type: 'error', id: message.id, kind: message.kind, value })
    else if (message.type === 'result' || message.type === 'unknown')
      this.answers.push({ type: message.type, id: message.id, value })
  }
}

/** Lets what was sent arrive, run and be answered. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 8; i++) await turn()
}
