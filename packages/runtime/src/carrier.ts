/** Makes values and functions of this process into bodies and back, with the modules that they need. */

import {
  Codec,
  type DescribedFunction,
  type EncodedBody,
  type FunctionUse,
  limits,
  type RefusedHandle,
  SerializationError,
} from '@dialback/protocol'
import { CalledFunctions } from './called-functions.ts'
import type { AnyFunction, Shipment } from './caller.ts'
import { contentHash } from './content-hash.ts'
import { fallbackError } from './fallback-error.ts'
import type { HandleHooks, SentHandle } from './handle-hooks.ts'
import { type FunctionFingerprint, functionFingerprint } from './journal/function-fingerprint.ts'
import type { Content } from './keeping/content.ts'
import { Packing } from './keeping/packing.ts'
import { dropOwnFrames } from './own-frames.ts'
import { inOwnMemory } from './own-memory.ts'
import { FunctionExchange } from './reviving/function-exchange.ts'
import { SentThings } from './sent-things.ts'
import type { CodeOptions } from './shipping/code-options.ts'
import { type DescribedPlace, withPlace } from './shipping/refusal-place.ts'
import { type FunctionShell, hasState, isConstant, type ModuleFile } from './shipping/shell.ts'

/** A function made ready to travel: named by the hash of what was encoded. */
export interface PreparedFunction extends Shipment {
  readonly hash: string
  readonly body: EncodedBody
  readonly modules: readonly ModuleFile[]
  readonly handles?: readonly number[]
  /** Whether a call may change what later ones find: what the function captured. */
  readonly isStateful: boolean
}

/** A body, and the modules that must be there before it is decoded. */
export interface Encoded {
  readonly body: EncodedBody
  readonly modules: readonly ModuleFile[]
  /** Owner and reference of each handle in the body; absent when there is none. */
  readonly handles?: readonly number[]
}

export interface CarrierOptions {
  /** What `@dialback/manager` is in this process: its functions travel by name. */
  readonly runtimeModule: Readonly<Record<string, unknown>>
  isRuntimeModule(specifier: string, url: string): boolean
  /** Called before the first function is sent: fills `runtimeModule` where that is not done from the start. */
  readonly loadRuntime?: () => Promise<void>
}

/** Shipping is not loaded here; `load`, then try again. */
export class NotLoaded extends Error {}

const noModules: readonly ModuleFile[] = []

export class Carrier {
  readonly sent: SentThings = new SentThings()
  readonly called: CalledFunctions = new CalledFunctions(this.sent)
  readonly packing: Packing
  readonly #exchange: FunctionExchange
  readonly #codec: Codec
  readonly #loadRuntime: CarrierOptions['loadRuntime']
  /** Functions that captured nothing never change. */
  #constants = new WeakMap<AnyFunction, PreparedFunction>()
  /** Of shipments that were made before shipping was loaded. */
  readonly #late = new WeakMap<Shipment, PreparedFunction>()
  /** Ids of modules that are loaded here. */
  readonly #loaded = new Set<string>()
  #hooks: HandleHooks = { describeHandle: () => undefined, reviveHandle: () => undefined, decoded() {} }
  /** What the body that is being encoded contains. */
  #shells: FunctionShell[] = []
  #mayChange = false
  #described: DescribedPlace[] = []
  readonly #references = new Map<number, number>()

  constructor(options: CarrierOptions) {
    this.#exchange = new FunctionExchange(options)
    this.#loadRuntime = options.loadRuntime
    this.#codec = new Codec({
      describeFunction: (fn, path, use) => this.#describeFunction(fn, path, use),
      reviveFunction: (shell) => this.#exchange.reviveFunction(shell),
      describeHandle: (value) => this.#describeHandle(value),
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
    const isStateful = this.#shells.some(hasState)
    const prepared = { fn, hash: contentHash(encoded.body), isStateful, ...encoded }
    const [only] = this.#shells
    const isAlone = this.#shells.length === 1 && !this.#mayChange
    if (isAlone && only !== undefined && isConstant(only)) this.#constants.set(fn, prepared)
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
    let body: EncodedBody
    try {
      body = this.#encodeBody(value, root)
      // Most have no function, or one.
      if (this.#shells.length > 1 && this.#exchange.findShared()) body = this.#encodeBody(value, root)
    } catch (error) {
      throw error instanceof SerializationError ? withPlace(error, this.#described) : error
    } finally {
      if (this.#shells.length > 0) this.#exchange.sharingDone()
    }
    const modules = this.#shells.length === 0 ? noModules : this.#modulesOf(this.#shells)
    const count = this.#references.size
    if (count === 0) return { body, modules }
    if (count > limits.maxBodyHandles) {
      const what = `${count} futures and channels, of which at most ${limits.maxBodyHandles} can travel at once`
      throw new SerializationError(typeof root === 'string' ? root : 'the arguments', what)
    }
    return { body, modules, handles: [...this.#references].flatMap(([ref, owner]) => [owner, ref]) }
  }

  #encodeBody(value: unknown, root: string | ((index: number) => string)): EncodedBody {
    this.#shells = []
    this.#mayChange = false
    this.#described = []
    this.#references.clear()
    return this.#codec.encode(value, root)
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
    if (ids.every((id) => this.#loaded.has(id))) return undefined
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

  #describeHandle(value: object): SentHandle | RefusedHandle | undefined {
    const described = this.#hooks.describeHandle(value)
    if (described !== undefined && 'reference' in described && described.reference !== undefined)
      this.#references.set(described.reference.ref, described.reference.owner)
    return described
  }

  #describeFunction(fn: AnyFunction, path: string, use: FunctionUse): DescribedFunction {
    if (!this.isLoaded) throw new NotLoaded('Cannot send a function before shipping is loaded')
    const described = this.#exchange.describeFunction(fn, path, use)
    const { shell, captured, placeOf } = described
    this.#mayChange ||= described.mayChange === true
    if (use === 'class') this.#refuseUnsendableClass(fn, shell, path)
    this.#shells.push(shell)
    if (placeOf !== undefined) this.#described.push({ path, placeOf })
    // A shell is plain data, which its type, a union, cannot say by an index signature.
    return { shell: shell as unknown as DescribedFunction['shell'], captured }
  }

  /** Instances of Node's own classes are more than their properties, and private fields cannot be read. */
  #refuseUnsendableClass(fn: AnyFunction, shell: FunctionShell, path: string): void {
    if (shell.kind === 'reference' && ['global', 'builtin', 'runtime'].includes(shell.reference.from)) {
      throw new SerializationError(path, fn.name)
    }
    const [name] = this.#exchange.privateMembersOf(fn)
    if (name !== undefined)
      throw new SerializationError(path, `${fn.name}, which has private members (${name})`)
  }

  #modulesOf(shells: readonly FunctionShell[]): readonly ModuleFile[] {
    const modules = new Map<string, ModuleFile>()
    for (const shell of shells) {
      if (this.#exchange.modulesNamedBy(shell).length === 0) continue
      for (const module of this.#exchange.modulesOf(shell)) modules.set(module.id, module)
    }
    return [...modules.values()]
  }
}

function isPrepared(shipment: Shipment): shipment is PreparedFunction {
  return 'hash' in shipment
}
