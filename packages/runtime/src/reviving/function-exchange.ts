/** All that one thread needs to send and receive functions. */

import type { FunctionUse } from '@dialback/protocol'
import type { CodeOptions } from '../shipping/code-options.ts'
import type { DescribedFunction } from '../shipping/described-function.ts'
import { FunctionRegistry } from '../shipping/function-registry.ts'
import { programUrls } from '../shipping/program.ts'
import { type FunctionShell, type ModuleFile, modulesNamedBy } from '../shipping/shell.ts'
import type { ModuleVariable, Shipper, ShipperOptions } from '../shipping/ship.ts'
import { ModuleStore } from './module-store.ts'
import { parseModuleFile } from './parse-shell.ts'
import { type AnyFunction, type RevivedFunction, Reviver } from './revive.ts'

/** `programs`: by default what this process was started with. */
export type FunctionExchangeOptions = Omit<ShipperOptions, 'registry' | 'sent' | 'programs'> &
  Partial<Pick<ShipperOptions, 'programs'>>

/**
 * Receives functions from the start, and sends them once `loadShipping()` has resolved: that takes 20 ms, which a worker
 * that only receives can spend later.
 */
export class FunctionExchange {
  #options: FunctionExchangeOptions
  readonly #registry = new FunctionRegistry()
  readonly #store: ModuleStore
  readonly #reviver: Reviver
  #shipper: Shipper | undefined
  #loading: Promise<void> | undefined

  constructor(options: FunctionExchangeOptions) {
    this.#options = options
    const { runtimeModule } = options
    this.#store = new ModuleStore({ runtimeModule, ownModule: (id) => this.#shipper?.ownModule(id) })
    const ownVariable = (exports: object, name: string): ModuleVariable | undefined =>
      this.#shipper?.variableBehind(exports, name)
    this.#reviver = new Reviver({
      runtimeModule,
      store: this.#store,
      registry: this.#registry,
      ownVariable,
      ownImport: (id, name) => this.#shipper?.importedBy(id, name),
    })
  }

  /** Loads what sending needs; cheap when it is loaded. */
  async loadShipping(): Promise<void> {
    this.#loading ??= import('../shipping/ship.ts').then((module) => {
      const own = { registry: this.#registry, sent: this.#store }
      this.#shipper = new module.Shipper({ programs: programUrls(), ...this.#options, ...own })
    })
    await this.#loading
  }

  /** Changes what is taken from the worker's image, from now on. */
  configure(code: CodeOptions): void {
    this.#options = { ...this.#options, ...code }
    this.#shipper?.configure(this.#options)
  }

  /** A module as it is sent. */
  toSend(file: ModuleFile): ModuleFile {
    return this.#shipper?.toSend(file) ?? file
  }

  get isShippingLoaded(): boolean {
    return this.#shipper !== undefined
  }

  /** For the codec; see `Shipper.describeFunction`. */
  describeFunction(fn: AnyFunction, path: string, use?: FunctionUse): DescribedFunction {
    return this.#loaded().describeFunction(fn, path, use)
  }

  /**
   * Whether functions described since the last time share variables. Then the body that they are in is to be described anew,
   * which lets them share, and `sharingDone` to be called.
   */
  findShared(): boolean {
    return this.#shipper?.shared.find() ?? false
  }

  sharingDone(): void {
    this.#shipper?.shared.clear()
  }

  /** Names of private members that instances of a class have, and that therefore do not travel whole. */
  privateMembersOf(fn: object): readonly string[] {
    return this.#loaded().privateMembersOf(fn)
  }

  /** For the codec; see `Reviver.reviveFunction`. Modules that the shell names must have been prepared. */
  reviveFunction(shell: unknown): RevivedFunction {
    return this.#reviver.reviveFunction(shell)
  }

  /** The modules that a shell needs, with all that they import; those this thread was sent itself included. */
  modulesOf(shell: FunctionShell): readonly ModuleFile[] {
    return this.#loaded().modulesOf(shell)
  }

  /** The ids of the modules that must be prepared before a shell is revived. */
  modulesNamedBy(shell: FunctionShell): readonly string[] {
    return modulesNamedBy(shell)
  }

  /** Whether modules are yet to be read from this worker's own image, which the next `prepare` does. */
  get hasUnread(): boolean {
    return this.#store.hasUnread
  }

  /** Whether a module need not be sent to this thread. */
  hasModule(id: string): boolean {
    return this.#store.has(id) || this.#shipper?.ownModule(id) !== undefined
  }

  /**
   * Keeps modules that were sent, without loading them.
   *
   * @throws {ProtocolError} when one is not well-formed.
   */
  addModules(files: readonly unknown[]): void {
    this.#store.add(files.map(parseModuleFile).filter(({ id }) => this.#shipper?.ownModule(id) === undefined))
  }

  /** Loads modules by id; rejects with what one of them throws. See `ModuleStore.prepare`. */
  async prepare(ids: readonly string[]): Promise<void> {
    await this.#store.prepare(ids)
  }

  /** From now on `@dialback/manager` is `runtimeModule` to whatever imports it in this thread; for workers, at their start. */
  provideRuntime(): void {
    this.#store.hook()
  }

  #loaded(): Shipper {
    if (this.#shipper === undefined)
      throw new Error('Cannot send a function before loadShipping() has resolved')
    return this.#shipper
  }
}
