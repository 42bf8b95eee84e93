/**
 * Variables that several functions of one body use and one of them assigns: these must stay one variable where the functions
 * arrive. All others travel by value, as the same to each function that uses them.
 */

import { isClass } from './class-source.ts'
import { analyzeFunction } from './free-variables.ts'
import type { V8Debugger } from './v8-debugger.ts'

/** What travels in the place of such a variable's value, as one object for all functions. */
export interface Cell {
  value: unknown
}

/** One function's use of a variable that is captured. */
export interface VariableUse {
  readonly fn: object
  readonly name: string
  readonly value: unknown
  readonly isAssigned: boolean
  /** What the variable is by now. */
  read(): unknown
}

export class SharedVariables {
  readonly #debugger: V8Debugger
  #uses: VariableUse[] = []
  #cells = new Map<object, Map<string, Cell>>()

  constructor(v8Debugger: V8Debugger) {
    this.#debugger = v8Debugger
  }

  /** Takes note of a use while a body is encoded for the first time. */
  note(use: VariableUse): void {
    this.#uses.push(use)
  }

  /** What travels for a variable of a function; undefined: its value. */
  cellOf(fn: object, name: string): Cell | undefined {
    return this.#cells.get(fn)?.get(name)
  }

  /** Whether the uses noted show variables that are shared; the body is then to be encoded anew, and `clear` to be called. */
  find(): boolean {
    const groups = Map.groupBy(this.#uses, ({ name }) => name)
    for (const group of groups.values()) if (group.some(({ isAssigned }) => isAssigned)) this.#divide(group)
    this.#uses = []
    return this.#cells.size > 0
  }

  clear(): void {
    this.#uses = []
    if (this.#cells.size > 0) this.#cells = new Map()
  }

  /** Divides uses of variables of one name into those of one variable each: one changes, and the others are looked at. */
  #divide(group: readonly VariableUse[]): void {
    // What cannot be stopped is found by what can.
    let left = group.toSorted(
      (a, b) => Number(stoppable(b.fn) !== undefined) - Number(stoppable(a.fn) !== undefined),
    )
    while (left.length > 1) {
      const [first, ...others] = left
      if (first === undefined) return
      const alike = others.filter(({ fn, value }) => fn !== first.fn && Object.is(value, first.value))
      const same = alike.length === 0 ? [] : this.#usesOfSame(first, alike)
      const shared = [first, ...same]
      if (same.length > 0 && shared.some(({ isAssigned }) => isAssigned)) this.#share(shared)
      left = others.filter((use) => !same.includes(use))
    }
  }

  #usesOfSame(use: VariableUse, others: readonly VariableUse[]): VariableUse[] {
    const variable = this.#variableOf(use)
    if (variable === undefined) return []
    const mark = {}
    try {
      variable.set(mark)
    } catch {
      // A constant that has the name, and the value, of a variable elsewhere.
      return []
    }
    try {
      return others.filter((other) => other.read() === mark)
    } finally {
      variable.set(use.value)
    }
  }

  #variableOf({ fn, name }: VariableUse): { set(value: unknown): void } | undefined {
    const stopped = stoppable(fn)
    return stopped && this.#debugger.variableOf(stopped, name)
  }

  #share(uses: readonly VariableUse[]): void {
    const cell: Cell = { value: uses[0]?.value }
    for (const { fn, name } of uses) {
      const cells = this.#cells.get(fn) ?? new Map<string, Cell>()
      this.#cells.set(fn, cells.set(name, cell))
    }
  }
}

/** What V8 can be stopped in: for a class where a method of it begins, or its constructor. */
function stoppable(fn: object): object | undefined {
  if (!isClass(fn)) return fn
  return methodOf(fn) ?? (isOwnConstructor(fn) ? fn : undefined)
}

/** Where a class that extends another has no constructor of its own, V8 may begin with that of the other. */
function isOwnConstructor(fn: object): boolean {
  const { parentName, start } = analyzeFunction(Function.prototype.toString.call(fn))
  return parentName === undefined || start > 0
}

function methodOf(fn: object): object | undefined {
  const holders = [Object.getOwnPropertyDescriptor(fn, 'prototype')?.value, fn].map(
    (holder) => Object(holder) as object,
  )
  const methods = holders.flatMap((holder) => Object.entries(Object.getOwnPropertyDescriptors(holder)))
  return methods.find(([name, { value }]) => name !== 'constructor' && isMethod(value))?.[1].value as
    | object
    | undefined
}

function isMethod(value: unknown): boolean {
  return typeof value === 'function' && !isClass(value)
}
