/** Finds variables in the scopes around a function. */

import { isBuiltin } from 'node:module'
import { isStandardGlobal } from './builtins.ts'
import { cellsKey, referencesName } from './compiled-names.ts'
import type { Scope } from './inspector.ts'
import { sessionGlobals } from './session-globals.ts'
import type { Cell } from './shared-variables.ts'
import type { Reference } from './shell.ts'

export type Found =
  /** `isModuleLevel`: at the top level of an ECMAScript module. */
  | {
      readonly kind: 'value'
      readonly value: unknown
      readonly isModuleLevel: boolean
      /** What holds it, if it came from elsewhere and is shared with other functions. */
      readonly cell?: Cell
    }
  /** The function came from elsewhere, and so did this. */
  | { readonly kind: 'reference'; readonly reference: Reference }
  /** A property of the global object, left to be found there where the function runs. */
  | { readonly kind: 'global' }
  /** Its declaration has not run yet. */
  | { readonly kind: 'uninitialized' }
  | { readonly kind: 'missing' }

/** Looks a variable up as the function would, from the innermost scope outwards. */
export function lookUp(name: string, scopes: readonly Scope[]): Found {
  const references = scopes.flatMap(({ variables }) => {
    const held = Object.hasOwn(variables, referencesName) ? variables[referencesName] : undefined
    return held === undefined ? [] : [held as Readonly<Record<string, Reference>>]
  })
  for (const { kind, variables } of scopes) {
    if (kind === 'Global') return lookUpGlobal(name, variables)
    const isHere = kind === 'With Block' ? name in variables : Object.hasOwn(variables, name)
    if (!isHere) continue
    const isReference = kind === 'With Block' || Object.hasOwn(variables, referencesName)
    const reference = isReference ? references.find((held) => Object.hasOwn(held, name))?.[name] : undefined
    if (reference !== undefined) return { kind: 'reference', reference }
    return valueIn({ kind, variables }, name)
  }
  return name in globalThis ? { kind: 'global' } : { kind: 'missing' }
}

/**
 * A REPL keeps its `var`s and functions in the global object, of a context of its own or of the process: those are its user's,
 * and not to be found anywhere else. What was assigned to the global object instead, by `everywhere` or a module, is there too.
 */
function lookUpGlobal(name: string, global: Readonly<Record<string, unknown>>): Found {
  if (!(name in global)) return name in globalThis ? { kind: 'global' } : { kind: 'missing' }
  const module = builtinModule(name, global)
  if (module !== undefined) return { kind: 'value', value: module, isModuleLevel: false }
  if (isStandardGlobal(name) && !sessionGlobals.has(name)) return { kind: 'global' }
  if ((global as unknown) === globalThis && !isDeclared(name)) return { kind: 'global' }
  return { kind: 'value', value: global[name], isModuleLevel: false }
}

/** A REPL, and Node where it is given a program as an argument, has the builtin modules among its globals. */
function builtinModule(name: string, global: Readonly<Record<string, unknown>>): object | undefined {
  if (!isBuiltin(name)) return undefined
  const module = process.getBuiltinModule(name)
  return global[name] === module ? module : undefined
}

/** Whether a global was made by a declaration, which cannot be deleted, or stands for one. */
function isDeclared(name: string): boolean {
  return sessionGlobals.has(name) || Object.getOwnPropertyDescriptor(globalThis, name)?.configurable === false
}

function valueIn({ kind, variables }: Scope, name: string): Found {
  const cell = kind === 'With Block' ? cellIn(variables, name) : undefined
  if (cell !== undefined) return { kind: 'value', value: cell.value, isModuleLevel: false, cell }
  try {
    return { kind: 'value', value: variables[name], isModuleLevel: kind === 'Module' }
  } catch {
    return { kind: 'uninitialized' }
  }
}

function cellIn(scope: object, name: string): Cell | undefined {
  const cells = Reflect.get(scope, cellsKey) as Readonly<Record<string, Cell>> | undefined
  return cells?.[name]
}
