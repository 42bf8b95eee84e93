/** Where the peers' own programs are; the caller built them and tells the folder. */

import { join } from 'node:path'

export const programFolderVariable = 'DIALBACK_BENCH_PROGRAMS'

export type Program = 'functions' | 'bare-worker' | 'fork-worker' | 'peer-startup'

/** @throws {Error} when this process was not started by the bench. */
export function programPath(program: Program): string {
  const folder = process.env[programFolderVariable]
  if (folder === undefined)
    throw new Error(`Cannot find the peers' programs: ${programFolderVariable} is not set`)
  return join(folder, `${program}.js`)
}
