/** Pure: what has to be done with the modules of functions before these run elsewhere. */

import { type FunctionShell, isModuleId, type ModuleFile, modulesReferredToBy } from './shell.ts'

export interface ModuleNeeds {
  /** Ids of the modules that have to be loaded, with what they import, before the functions are made. */
  readonly loaded: readonly string[]
  /** Ids of those that have to be there only: the functions import them when they run, if they do. */
  readonly imported: readonly string[]
}

/**
 * Gives what functions need. All else is loaded by Node, when a module or function imports or requires it, as it is where
 * they come from: it may be for another platform, or do something when it is loaded.
 *
 * @param files all modules of the functions, with what these import, by their ids
 */
export function moduleNeeds(
  shells: readonly FunctionShell[],
  files: ReadonlyMap<string, ModuleFile>,
): ModuleNeeds {
  const loaded = new Set(shells.flatMap(modulesReferredToBy))
  const imported = new Set<string>()
  // To require one fails while it is being imported, as for another call: so it is there before.
  const isEarly = (key: string, target: string): boolean =>
    key.startsWith('require ') && files.get(target)?.format === 'module'
  for (const { imports } of files.values())
    for (const [key, target] of Object.entries(imports)) if (isEarly(key, target)) loaded.add(target)
  for (const shell of shells) {
    if (shell.kind === 'reference') continue
    for (const [key, target] of Object.entries(shell.imports ?? {})) {
      if (isEarly(key, target)) loaded.add(target)
      else if (isModuleId(target)) imported.add(target)
    }
  }
  return { loaded: [...loaded], imported: [...imported.difference(loaded)] }
}
