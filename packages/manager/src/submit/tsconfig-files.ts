/** Finds the tsconfig.json by which tsx runs a script, and all that it extends: tsx runs nothing where one of them is missing. */

import { existsSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'

interface TsconfigFile {
  readonly path: string
  /** Which other one extends it, and by which name; undefined for the script's own. */
  readonly extendedBy?: { readonly path: string; readonly specifier: string }
}

/** The nearest first; none where there is no tsconfig.json. */
export function tsconfigFiles(script: string): TsconfigFile[] {
  for (let directory = dirname(script); ; directory = dirname(directory)) {
    const path = join(directory, 'tsconfig.json')
    if (existsSync(path)) return withExtended({ path }, new Set())
    if (directory === dirname(directory)) return []
  }
}

function withExtended(file: TsconfigFile, known: Set<string>): TsconfigFile[] {
  if (known.has(file.path)) return []
  known.add(file.path)
  return [
    file,
    ...specifiersIn(file.path).flatMap((specifier) => {
      const path = resolveFrom(file.path, specifier)
      return path === undefined
        ? []
        : withExtended({ path, extendedBy: { path: file.path, specifier } }, known)
    }),
  ]
}

/** One or several. By their text: JSON has no comments, and a tsconfig.json has. */
function specifiersIn(path: string): string[] {
  const values = readFileSync(path, 'utf8').matchAll(/"extends"\s*:\s*(\[[^\]]*\]|"[^"]*")/g)
  return [...values].flatMap(([, value = '']) => [...value.matchAll(/"([^"]+)"/g)].map(([, one = '']) => one))
}

function resolveFrom(path: string, specifier: string): string | undefined {
  const names = [specifier, `${specifier}.json`, `${specifier}/tsconfig.json`]
  if (/^\.{0,2}(\/|$)/.test(specifier))
    return names.map((name) => resolve(dirname(path), name)).find((name) => isFile(name))
  return names.map((name) => resolvePackage(path, name)).find((found) => found?.endsWith('.json'))
}

function resolvePackage(path: string, name: string): string | undefined {
  try {
    return createRequire(path).resolve(name)
  } catch {
    return undefined
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}
