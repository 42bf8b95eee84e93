/** The program that this process was started with: what it has at its top level travels by value, and it never runs again elsewhere. */

import { realpathSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

// Read when this is loaded, before the program: it may take its arguments out of the list, these two included.
const [, startedAs] = process.argv

/** Its URLs, that of a link to it included, by which it goes with `--preserve-symlinks-main`; none in the REPL. */
export function programUrls(): ReadonlySet<string> {
  // What runs programs in its own process puts them there later.
  const paths = [startedAs, process.argv[1]].filter((path) => path !== undefined)
  const files = paths.map(fileAt).filter((file) => file !== undefined)
  return new Set(files.flatMap((file) => [file, realpathSync(file)].map((each) => pathToFileURL(each).href)))
}

/** As Node finds it: a file, one without its extension, or a directory, whose package.json may name one. */
function fileAt(path: string): string | undefined {
  if (isFile(path)) return path
  try {
    return createRequire(path).resolve(path)
  } catch {
    // What only others than Node run.
    return ['.mjs', '.cjs', '.ts', '/index.ts'].map((end) => `${path}${end}`).find(isFile)
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}
