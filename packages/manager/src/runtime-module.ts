/** What `@dialback/manager` is when functions travel: its names stand for themselves on every process. */

import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { defineGlobals, usePool } from '@dialback/runtime'

const require = createRequire(import.meta.url)
const names: Record<string, unknown> = { defineGlobals, usePool }
/** Where the sources of these packages are, however they are reached. */
const ownDirectories = [
  new URL('.', import.meta.url).href,
  ...['@dialback/runtime', '@dialback/protocol'].flatMap(directoryOf),
]

export const runtimeModule: Readonly<Record<string, unknown>> = names

/** Fills `runtimeModule`: not when this is loaded, because the index imports what imports this. */
export async function loadRuntimeModule(): Promise<void> {
  Object.assign(names, await import('./index.ts'))
}

export function isRuntimeModule(specifier: string, url: string): boolean {
  return specifier === '@dialback/manager' || ownDirectories.some((directory) => url.startsWith(directory))
}

/** None in a program that was bundled, where nothing is installed. */
function directoryOf(name: string): string[] {
  try {
    return [new URL('.', pathToFileURL(require.resolve(name))).href]
  } catch {
    return []
  }
}
