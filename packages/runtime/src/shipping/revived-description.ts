/** Describes a function that came from elsewhere: what it was made of, with the values that its variables have by now. */

import { SerializationError } from '@dialback/protocol'
import type { DescribedFunction } from './described-function.ts'
import { analyzeFunction } from './free-variables.ts'
import type { FunctionRegistry } from './function-registry.ts'
import type { Inspected } from './inspector.ts'
import { addState, memberNames, ownState } from './own-state.ts'
import { lookUp } from './scope-lookup.ts'
import type { SourceShell } from './shell.ts'

export interface RevivedFunction {
  readonly fn: object
  /** What it was made of. */
  readonly shell: SourceShell
  readonly inspected: Inspected
  readonly path: string
}

const plainFunction = { kind: 'function', staticMembers: new Set<string>() } as const

/** @throws {SerializationError} when it is still being made. */
export function describeRevived(
  { fn, shell, inspected, path }: RevivedFunction,
  registry: FunctionRegistry,
): DescribedFunction {
  // A variable may have the name `__proto__`.
  const captured = Object.create(null) as Record<string, unknown>
  for (const variable of shell.variables) {
    const [key, name] = typeof variable === 'string' ? [variable, variable] : variable
    if (shell.cells?.includes(name)) {
      captured[key] = registry.cellOf(fn, name)
      continue
    }
    const found = lookUp(name, inspected.scopes)
    if (found.kind !== 'value')
      throw new SerializationError(path, `it is not complete yet: "${key}" has no value`)
    captured[key] = found.value
  }
  const isClass = shell.identity !== undefined
  const source = isClass ? analyzeFunction(Function.prototype.toString.call(fn)) : plainFunction
  const state = ownState(fn, source, inspected)
  addState(state, captured)
  if (shell.parentName === undefined) delete captured.extends
  const { properties: _, aliases: __, ...unchanged } = shell
  return { shell: { ...unchanged, ...memberNames(state) }, captured }
}
