/** Makes functions of what was sent: the receiver's side of how functions travel. */

import { ProtocolError } from '@dialback/protocol'
import type { FunctionRegistry } from '../shipping/function-registry.ts'
import type { Cell } from '../shipping/shared-variables.ts'
import { type FunctionShell, modulesReferredToBy, type SourceShell } from '../shipping/shell.ts'
import { type CompiledFunction, compile } from './compile.ts'
import type { ModuleStore } from './module-store.ts'
import { parseShell } from './parse-shell.ts'
import { type LiveVariable, References, type ReferencesOptions } from './references.ts'

/** A function or a class; which parameters it takes is nothing that is known here. */
export type AnyFunction = (...args: never[]) => unknown

export interface RevivedFunction {
  readonly fn: AnyFunction
  /** Gives the function what it captured; may be called later than `fn` is handed on, as circles need it. */
  fill(captured: Readonly<Record<string, unknown>>): void
}

type Captured = Readonly<Record<string, unknown>>

/** `sent` is what arrived this time: a class is made once, of what arrived first. */
type Fill = (captured: Captured, sent: SourceShell) => void

export class Reviver {
  readonly #store: ModuleStore
  readonly #registry: FunctionRegistry
  readonly #references: References
  readonly #fills = new WeakMap<object, Fill>()

  constructor(options: ReferencesOptions) {
    this.#store = options.store
    this.#registry = options.registry
    this.#references = new References(options)
  }

  /**
   * Loads the modules that a shell needs; to be awaited before it is revived, because modules may await at their top level.
   *
   * @throws {ProtocolError} when the shell is not well-formed or a module was not sent; rejects with what a module throws.
   */
  async prepare(shell: unknown): Promise<void> {
    await this.#store.prepare(modulesReferredToBy(parseShell(shell)))
  }

  /**
   * Makes the function of a shell. A class that was made here before, or is from here, is itself again.
   *
   * @throws {ProtocolError} when the shell is not well-formed, or leads to what is not here.
   */
  reviveFunction(value: unknown): RevivedFunction {
    const revived = orProtocolError(() => this.#revive(parseShell(value)))
    return { fn: revived.fn, fill: (captured) => orProtocolError(() => revived.fill(captured)) }
  }

  #revive(shell: FunctionShell): RevivedFunction {
    if (shell.kind === 'reference')
      return { fn: asFunction(this.#references.resolve(shell.reference)), fill: () => {} }
    const known = shell.identity === undefined ? undefined : this.#registry.get(shell.identity)
    if (known !== undefined) {
      const refill = this.#fills.get(known)
      return { fn: asFunction(known), fill: (captured) => refill?.(captured, shell) }
    }
    const { fn, fill } = this.#make(shell)
    this.#registry.addRevived(fn, shell)
    if (shell.identity !== undefined) this.#fills.set(fn, fill)
    return { fn: asFunction(fn), fill: (captured) => fill(captured, shell) }
  }

  #make(shell: SourceShell): { fn: object; fill: Fill } {
    if (shell.imports !== undefined) this.#store.addImports(shell.url, shell.imports)
    const references = Object.create(null) as Record<string, unknown>
    const live = Object.create(null) as Record<string, LiveVariable>
    for (const [name, reference] of Object.entries(shell.references)) {
      if (shell.live.includes(name)) live[name] = this.#references.live(reference)
      else references[name] = this.#references.resolve(reference)
    }
    const cells = Object.create(null) as Record<string, Cell>
    for (const name of shell.cells ?? []) live[name] = variableIn(cells, name)
    const compiled = compile(shell, { references, live, cells })
    const { fn } = compiled
    if (Object.getOwnPropertyDescriptor(fn, 'name')?.value !== shell.name) {
      Object.defineProperty(fn, 'name', { value: shell.name, configurable: true })
    }
    if (shell.cells !== undefined) this.#registry.setCells(fn, cells)
    return { fn, fill: (captured, sent) => fillFunction({ compiled, made: shell, cells }, sent, captured) }
  }
}

/** A variable that other functions have as well; what holds it comes later. */
function variableIn(cells: Readonly<Record<string, Cell>>, name: string): LiveVariable {
  return {
    get: () => cells[name]?.value,
    set: (value) => {
      const cell = cells[name]
      if (cell !== undefined) cell.value = value
    },
  }
}

interface Filled {
  readonly compiled: CompiledFunction
  /** What the function was made of. A class that is sent again need not share the variables that it shared then. */
  readonly made: SourceShell
  readonly cells: Record<string, Cell>
}

function fillVariables({ compiled, made, cells }: Filled, sent: SourceShell, captured: Captured): void {
  const values: Record<string, unknown> = sent.cells === undefined ? captured : { ...captured }
  for (const variable of made.variables) {
    const [key, name] = typeof variable === 'string' ? [variable, variable] : variable
    const shared = sent.cells?.includes(name) ? cellIn(captured, key) : undefined
    if (made.cells?.includes(name)) cells[name] = shared ?? { value: captured[key] }
    else if (shared !== undefined) {
      values[key] = shared.value
      // The class only reads it: those that assign their variables share them whenever they are sent.
      onSet(shared, (value) => {
        values[key] = value
        compiled.assign(values)
      })
    }
  }
  compiled.assign(values)
}

function cellIn(captured: Captured, key: string): Cell {
  const cell = captured[key]
  if (typeof cell !== 'object' || cell === null || !('value' in cell))
    throw new ProtocolError('A function arrived without a variable that it shares')
  return cell
}

/** Who is told when a shared variable is assigned. */
const listeners = new WeakMap<Cell, ((value: unknown) => void)[]>()

function onSet(cell: Cell, changed: (value: unknown) => void): void {
  const known = listeners.get(cell)
  if (known !== undefined) {
    known.push(changed)
    return
  }
  const told = [changed]
  listeners.set(cell, told)
  let held = cell.value
  Object.defineProperty(cell, 'value', {
    get: () => held,
    set: (value: unknown) => {
      held = value
      for (const tell of told) tell(value)
    },
    enumerable: true,
  })
}

/** To create a class runs what it computes the names of its members with, and may fail in any way if that was not sent by us. */
function orProtocolError<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (error instanceof ProtocolError) throw error
    throw new ProtocolError('A function arrived that cannot be made', { cause: error })
  }
}

function asFunction(value: unknown): AnyFunction {
  if (typeof value === 'function') return value as AnyFunction
  throw new ProtocolError('A reference to a function arrived that leads to none')
}

function fillFunction(filled: Filled, shell: SourceShell, captured: Captured): void {
  const { compiled } = filled
  const { fn } = compiled
  fillVariables(filled, shell, captured)
  const prototype: unknown = Object.getOwnPropertyDescriptor(fn, 'prototype')?.value
  for (const [name, original] of Object.entries(shell.aliases ?? {})) {
    defineMember(fn, name, (holder) => Reflect.get(holder, original))
  }
  for (const name of shell.properties ?? []) defineMember(fn, name, () => captured[name])
  if (shell.privateStatics !== undefined) {
    compiled.assignPrivates(
      Object.fromEntries(shell.privateStatics.map((name) => [name, captured[`#${name}`]])),
    )
  }
  if (shell.parentName !== undefined) setParent(fn, prototype, captured.extends, shell.parentName !== '')
}

/** `name` is that of a member of a function or, with `.prototype.` in front, of what its instances inherit. */
function defineMember(fn: object, name: string, valueIn: (holder: object) => unknown): void {
  const isInherited = name.startsWith('.prototype.')
  const holder: unknown = isInherited ? Object.getOwnPropertyDescriptor(fn, 'prototype')?.value : fn
  if ((typeof holder !== 'function' && typeof holder !== 'object') || holder === null) return
  define(holder, name.slice(isInherited ? '.prototype.'.length : 1), valueIn(holder))
}

/** What takes the place of a method is listed as little as the method was. */
function define(holder: object, name: string, value: unknown): void {
  const enumerable = Object.getOwnPropertyDescriptor(holder, name)?.enumerable ?? true
  Object.defineProperty(holder, name, { value, writable: true, enumerable, configurable: true })
}

function setParent(fn: object, prototype: unknown, parent: unknown, isClass: boolean): void {
  if (typeof parent !== 'function') return
  const parentPrototype: unknown = parent.prototype
  if (isClass) Object.setPrototypeOf(fn, parent)
  if (typeof prototype === 'object' && prototype !== null && typeof parentPrototype === 'object') {
    Object.setPrototypeOf(prototype, parentPrototype)
  }
}
