/** Makes values and functions of this process into bodies and back, with the modules that they need. */

import { Codec, type EncodedBody, SerializationError } from '@dialback/protocol'
import { BodyEncoder, type Encoded } from './body-encoder.ts'
import { CalledFunctions } from './called-functions.ts'
import type { AnyFunction, Shipment } from './caller.ts'
import { contentHash } from './content-hash.ts'
import { fallbackError } from './fallback-error.ts'
import type { HandleHooks } from './handle-hooks.ts'
import { type FunctionFingerprint, functionFingerprint } from './journal/function-fingerprint.ts'
import type { Content } from './keeping/content.ts'
import { Packing } from './keeping/packing.ts'
import { dropOwnFrames } from './own-frames.ts'
import { inOwnMemory } from './own-memory.ts'
import { FunctionExchange } from './reviving/function-exchange.ts'
import { SentThings } from './sent-things.ts'
import type { CodeOptions } from './shipping/code-options.ts'
import type { ModuleNeeds } from './shipping/module-needs.ts'
import type { ModuleFile } from './shipping/shell.ts'

/** A function made ready to travel: named by the hash of what was encoded. */
export interface PreparedFunction extends Shipment {
  readonly hash: string
  readonly body: EncodedBody
  readonly modules: readonly ModuleFile[]
  readonly needs: ModuleNeeds
  readonly handles?: readonly number[]
  /** Whether a call may change what later ones find: what the function captured. */
  readonly isStateful: boolean
}

export interface CarrierOptions {
  /** What `@dialback/manager` is in this process: its functions travel by name. */
  readonly runtimeModule: Readonly<Record<string, unknown>>
  isRuntimeModule(specifier: string, url: string): boolean
  /** Called before the first function is sent: fills `runtimeModule` where that is not done from the start. */
  readonly loadRuntime?: () => Promise<void>
}

export class Carrier {
  readonly sent: SentThings = new SentThings()
  readonly called: CalledFunctions = new CalledFunctions(this.sent)
  readonly packing: Packing
  readonly #exchange: FunctionExchange
  readonly #codec: Codec
  readonly #encoder: BodyEncoder
  readonly #loadRuntime: CarrierOptions['loadRuntime']
  /** Functions that captured nothing never change. */
  #constants = new WeakMap<AnyFunction, PreparedFunction>()
  /** Of shipments that were made before shipping was loaded. */
  readonly #late = new WeakMap<Shipment, PreparedFunction>()
  /** Ids of modules that are loaded here. */
  readonly #loaded = new Set<string>()
  #hooks: HandleHooks = { describeHandle: () => undefined, reviveHandle: () => undefined, decoded() {} }

  constructor(options: CarrierOptions) {
    this.#exchange = new FunctionExchange(options)
    this.#loadRuntime = options.loadRuntime
    this.#encoder = new BodyEncoder(this.#exchange, (value) => this.#hooks.describeHandle(value))
    this.#codec = new Codec({
      describeFunction: (fn, path, use) => this.#encoder.describeFunction(fn, path, use),
      describeHandle: (value) => this.#encoder.describeHandle(value),
      reviveFunction: (shell) => this.#exchange.reviveFunction(shell),
      reviveHandle: (tag, data) => this.#hooks.reviveHandle(tag, data),
    })
    this.packing = new Packing({
      codec: this.#codec,
      exchange: this.#exchange,
      load: (ids) => this.loadModules(ids),
    })
  }

  /** Whether functions can be sent; see `load`. */
  get isLoaded(): boolean {
    return this.#exchange.isShippingLoaded
  }

  setHandles(handles: HandleHooks): void {
    this.#hooks = handles
  }

  /** Changes what is taken from the worker's image, from now on. */
  configure(code: CodeOptions): void {
    this.#exchange.configure(code)
    this.#constants = new WeakMap()
  }

  /** Loads what sending functions needs; a worker does so when it first has one to send. */
  async load(): Promise<void> {
    if (!this.isLoaded) await this.#loadRuntime?.()
    await this.#exchange.loadShipping()
  }

  /** From now on `@dialback/manager` is this process' own to whatever imports it. */
  provideRuntime(): void {
    this.#exchange.provideRuntime()
  }

  /** Makes a function ready to travel. @throws {SerializationError} when it cannot. */
  prepare(fn: AnyFunction): PreparedFunction {
    const known = this.#constants.get(fn)
    if (known !== undefined) return known
    const encoded = inOwnMemory(this.encode(fn, 'fn'))
    const { isConstant, isStateful } = this.#encoder
    const prepared = { fn, hash: contentHash(encoded.body), isStateful, ...encoded }
    if (isConstant) this.#constants.set(fn, prepared)
    return prepared
  }

  /** Names a function by its content, the same in every process. Shipping must be loaded. */
  fingerprint(fn: AnyFunction): FunctionFingerprint {
    return functionFingerprint(fn, this.#exchange)
  }

  /** What `prepare` gives, once for each shipment, of one that was made before shipping was loaded also. */
  prepared(shipment: Shipment): PreparedFunction {
    if (isPrepared(shipment)) return shipment
    const prepared = this.#late.get(shipment) ?? this.prepare(shipment.fn)
    this.#late.set(shipment, prepared)
    return prepared
  }

  /** @throws {SerializationError} when the value cannot travel. */
  encode(value: unknown, root: string | ((index: number) => string)): Encoded {
    return this.#encoder.encode(this.#codec, value, root)
  }

  /** Encodes what was thrown, whatever it is: what cannot travel of it is left out. */
  encodeThrown(thrown: unknown): Encoded {
    dropOwnFrames(thrown)
    try {
      return this.encode(thrown, 'thrown value')
    } catch (error) {
      if (!(error instanceof SerializationError)) throw error
      return this.encode(
        fallbackError(thrown, (value) => this.canTravel(value)),
        'thrown value',
      )
    }
  }

  /** Whether a value can be encoded. @throws {NotLoaded} when that cannot be told yet. */
  canTravel(value: unknown): boolean {
    try {
      this.encode(value, 'thrown value')
      return true
    } catch (error) {
      if (error instanceof SerializationError) return false
      throw error
    }
  }

  /** @throws {ProtocolError} when the body is malformed. Its modules must be loaded. */
  decode(body: EncodedBody): unknown {
    try {
      return this.#codec.decode(body)
    } finally {
      this.#hooks.decoded(body)
    }
  }

  /** Encodes a value that is to be kept. @throws {SerializationError} when it cannot travel. */
  encodeContent(value: unknown): Content {
    return { kind: 'value', ...this.packing.pack(this.encode(value, 'value')) }
  }

  /** Loads the modules of a body that was packed, and decodes it. */
  async unpack(packed: EncodedBody): Promise<unknown> {
    try {
      return await this.packing.unpack(packed)
    } finally {
      this.#hooks.decoded(packed)
    }
  }

  decodeFunction(body: EncodedBody): AnyFunction {
    const fn = this.decode(body)
    if (typeof fn !== 'function')
      throw new TypeError(`Received a definition that is no function: ${typeof fn}`)
    // What it takes is between its author and its caller.
    return fn as AnyFunction
  }

  /** Keeps a module that was sent, unloaded. */
  addModule(body: EncodedBody): void {
    this.#exchange.addModules([this.decode(body)])
  }

  /** Loads modules that were sent; undefined when they are loaded already. */
  loadModules(ids: readonly string[]): Promise<void> | undefined {
    if (ids.every((id) => this.#loaded.has(id)) && !this.#exchange.hasUnread) return undefined
    return this.#exchange.prepare(ids).then(() => {
      for (const id of ids) this.#loaded.add(id)
    })
  }

  /** Whether modules were sent here, or are of this process. */
  hasModules(ids: readonly string[]): boolean {
    return ids.every((id) => this.#loaded.has(id) || this.#exchange.hasModule(id))
  }

  /** Encodes a module as the body of its message. */
  encodeModule(module: ModuleFile): EncodedBody {
    return this.#codec.encode(this.#exchange.toSend(module), 'module')
  }
}

function isPrepared(shipment: Shipment): shipment is PreparedFunction {
  return 'hash' in shipment
}
