/** Finds functions that a module holds under a name although it does not declare them there: `export const List = make()`. */

import type { Inspected } from './inspector.ts'
import type { ModuleAnalysis } from './module-analysis.ts'
import type { Reference } from './shell.ts'
import { loadedCommonJs } from './variable-binding.ts'

interface HoldingModule {
  readonly url: string
  readonly id: string
  readonly analysis: ModuleAnalysis
}

/** The name by which the module that a function was made in gives it to others; undefined if it has none, or may lose it. */
export function heldByModule(
  fn: object,
  { url, id, analysis }: HoldingModule,
  { scopes }: Inspected,
): Reference | undefined {
  if (!analysis.isModule) return heldByExports(fn, id, loadedCommonJs(url)?.exports)
  const variables = scopes.find(({ kind }) => kind === 'Module')?.variables
  if (variables === undefined) return undefined
  for (const [name, kind] of analysis.bindings) {
    if (kind === 'constant' && read(variables, name) === fn) return { from: 'local', id, name }
  }
  return undefined
}

function heldByExports(fn: object, id: string, exports: unknown): Reference | undefined {
  if (exports === fn) return { from: 'module', id, export: 'module.exports' }
  const holder = Object(exports) as object
  const member = Object.keys(holder).find((name) => read(holder, name) === fn)
  return member === undefined ? undefined : { from: 'module', id, export: 'module.exports', member }
}

/** Undefined for what has no value yet. */
function read(holder: object, name: string): unknown {
  try {
    return Reflect.get(holder, name)
  } catch {
    return undefined
  }
}
