/** Whether a function runs in strict mode, which its source does not always say. */

import { referencesName, strictKey } from './compiled-names.ts'
import type { FunctionSource } from './free-variables.ts'
import type { Surroundings, VariableBinder } from './variable-binding.ts'

export function isStrictFunction(
  fn: object,
  source: FunctionSource,
  { site, inspected }: Surroundings,
  binder: VariableBinder,
): boolean {
  if (site.isModule || source.kind === 'class') return true
  if (source.isSloppy) return false
  const canTell = source.kind === 'function' && Object.hasOwn(fn, 'prototype')
  if (canTell) return !hasCaller(fn)
  const sent = inspected.scopes.find(({ variables }) => Object.hasOwn(variables, referencesName))
  if (sent === undefined) return binder.isStrict(site)
  return Reflect.get(Object(sent.variables[referencesName]) as object, strictKey) === true
}

/** Only sloppy functions tell who calls them: by a property of their own, or from V8 14 on by one that they inherit. */
function hasCaller(fn: object): boolean {
  if (Object.hasOwn(fn, 'caller')) return true
  try {
    Reflect.get(Function.prototype, 'caller', fn)
    return true
  } catch {
    return false
  }
}
