/** Imports as Vite, and so Vitest, writes them into what it compiled: already resolved, from the root of its project. */

import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

/** What stands there for the `import` of `import(…)`. */
export const viteImport = '__vite_ssr_dynamic_import__'

/** Gives an import that leads to the same file; undefined when there is none. */
export function viteUrl(specifier: string): { kind: 'import'; specifier: string } | undefined {
  if (!specifier.startsWith('/')) return { kind: 'import', specifier }
  const path = [`${process.cwd()}${specifier}`, specifier.replace(/^\/@fs\//, '/')].find((candidate) =>
    existsSync(candidate),
  )
  return path === undefined ? undefined : { kind: 'import', specifier: pathToFileURL(path).href }
}
