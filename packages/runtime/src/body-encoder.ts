/** Makes values into bodies, and finds what has to travel with them: modules, and references to futures and channels. */

import {
  type Codec,
  type DescribedFunction,
  type EncodedBody,
  type FunctionUse,
  limits,
  type RefusedHandle,
  SerializationError,
} from '@dialback/protocol'
import type { AnyFunction } from './caller.ts'
import type { SentHandle } from './handle-hooks.ts'
import { showCaller } from './own-frames.ts'
import type { FunctionExchange } from './reviving/function-exchange.ts'
import { type ModuleNeeds, moduleNeeds } from './shipping/module-needs.ts'
import { type DescribedPlace, withPlace } from './shipping/refusal-place.ts'
import { type FunctionShell, hasState, isConstant, type ModuleFile } from './shipping/shell.ts'

/** A body, and the modules that must be there before it is decoded. */
export interface Encoded {
  readonly body: EncodedBody
  readonly modules: readonly ModuleFile[]
  readonly needs: ModuleNeeds
  /** Owner and reference of each handle in the body; absent when there is none. */
  readonly handles?: readonly number[]
}

/** Shipping is not loaded here; `load` of the carrier, then try again. */
export class NotLoaded extends Error {}

type DescribeHandle = (value: object) => SentHandle | RefusedHandle | undefined

const noModules: Pick<Encoded, 'modules' | 'needs'> = { modules: [], needs: { loaded: [], imported: [] } }

export class BodyEncoder {
  readonly #exchange: FunctionExchange
  readonly #describeHandle: DescribeHandle
  /** What the body contains that is being encoded, or was last. */
  #shells: FunctionShell[] = []
  #mayChange = false
  #described: DescribedPlace[] = []
  readonly #references = new Map<number, number>()

  constructor(exchange: FunctionExchange, describeHandle: DescribeHandle) {
    this.#exchange = exchange
    this.#describeHandle = describeHandle
  }

  /** Whether what was encoded last is a function that captured nothing, and will always be the same. */
  get isConstant(): boolean {
    const [only] = this.#shells
    return only !== undefined && this.#shells.length === 1 && !this.#mayChange && isConstant(only)
  }

  /** Whether a call of what was encoded last may change what it captured. */
  get isStateful(): boolean {
    return this.#shells.some(hasState)
  }

  /** To be given to the codec that `encode` is called with. */
  describeFunction(fn: AnyFunction, path: string, use: FunctionUse): DescribedFunction {
    if (!this.#exchange.isShippingLoaded)
      throw new NotLoaded('Cannot send a function before shipping is loaded')
    const described = this.#exchange.describeFunction(fn, path, use)
    const { shell, captured, placeOf } = described
    this.#mayChange ||= described.mayChange === true
    if (use === 'class') this.#refuseUnsendableClass(fn, shell, path)
    this.#shells.push(shell)
    if (placeOf !== undefined) this.#described.push({ path, placeOf })
    // A shell is plain data, which its type, a union, cannot say by an index signature.
    return { shell: shell as unknown as DescribedFunction['shell'], captured }
  }

  /** To be given to the codec as well. */
  describeHandle(value: object): SentHandle | RefusedHandle | undefined {
    const described = this.#describeHandle(value)
    if (described !== undefined && 'reference' in described && described.reference !== undefined)
      this.#references.set(described.reference.ref, described.reference.owner)
    return described
  }

  /**
   * @param root what a refusal calls the value, or each element of it
   * @throws {SerializationError} when the value cannot travel; {NotLoaded}
   */
  encode(codec: Codec, value: unknown, root: string | ((index: number) => string)): Encoded {
    let body: EncodedBody
    try {
      body = this.#encodeBody(codec, value, root)
      // Most have no function, or one.
      if (this.#shells.length > 1 && this.#exchange.findShared()) body = this.#encodeBody(codec, value, root)
    } catch (error) {
      if (!(error instanceof SerializationError)) throw error
      const refusal = withPlace(error, this.#described)
      showCaller(refusal)
      throw refusal
    } finally {
      if (this.#shells.length > 0) this.#exchange.sharingDone()
    }
    const { modules, needs } = this.#shells.length === 0 ? noModules : this.#modulesOf(this.#shells)
    const count = this.#references.size
    if (count === 0) return { body, modules, needs }
    if (count > limits.maxBodyHandles) {
      const what = `${count} futures and channels, of which at most ${limits.maxBodyHandles} can travel at once`
      throw new SerializationError(typeof root === 'string' ? root : 'the arguments', what)
    }
    return { body, modules, needs, handles: [...this.#references].flatMap(([ref, owner]) => [owner, ref]) }
  }

  #encodeBody(codec: Codec, value: unknown, root: string | ((index: number) => string)): EncodedBody {
    this.#shells = []
    this.#mayChange = false
    this.#described = []
    this.#references.clear()
    return codec.encode(value, root)
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

  #modulesOf(shells: readonly FunctionShell[]): Pick<Encoded, 'modules' | 'needs'> {
    const modules = new Map<string, ModuleFile>()
    for (const shell of shells) {
      if (this.#exchange.modulesNamedBy(shell).length === 0) continue
      for (const module of this.#exchange.modulesOf(shell)) modules.set(module.id, module)
    }
    if (modules.size === 0) return noModules
    return { modules: [...modules.values()], needs: moduleNeeds(shells, modules) }
  }
}
