/** Tells what the name of a function means within it: the function itself, or a variable around it that may hold another one. */

import type { FreeVariable } from './free-variables.ts'
import type { Inspector, Scope } from './inspector.ts'
import { lookUp } from './scope-lookup.ts'

export class OwnNames {
  readonly #inspector: Inspector
  readonly #known = new WeakMap<object, boolean>()

  constructor(inspector: Inspector) {
    this.#inspector = inspector
  }

  /**
   * Whether the name that a function uses is a variable around it. In `function f() { f = … }` it is, in the same as the value
   * of something it is not, and the source of both is the same. Of a variable that holds the function, and that the function
   * does not assign, it makes no difference.
   */
  isVariable(fn: object, { name, isAssigned }: FreeVariable, scopes: readonly Scope[]): boolean {
    const found = lookUp(name, scopes)
    if (found.kind !== 'value' || (found.value === fn && !isAssigned)) return false
    let known = this.#known.get(fn)
    if (known === undefined) {
      known = this.#holdsWhatIsSet(fn, name, found.value)
      this.#known.set(fn, known)
    }
    return known
  }

  /** The one way to tell: to assign the name within the function, and to see whether the variable around it is another one then. */
  #holdsWhatIsSet(fn: object, name: string, value: unknown): boolean {
    const variable = this.#inspector.debugger.variableOf(fn, name)
    if (variable === undefined) return false
    const mark = {}
    try {
      variable.set(mark)
    } catch {
      // The function's own name is a constant, which in strict mode throws.
      return false
    }
    const found = lookUp(name, this.#inspector.inspect(fn).scopes)
    if (found.kind !== 'value' || found.value !== mark) return false
    variable.set(value)
    return true
  }
}
