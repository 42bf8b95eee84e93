/** Where a function was written. */

import { isAbsolute, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FunctionSource } from './free-variables.ts'
import type { Inspected } from './inspector.ts'
import { sourceMapOf } from './source-maps.ts'
import { offsetAt, positionAt } from './syntax.ts'
import type { V8Debugger } from './v8-debugger.ts'

/** Lines and columns start at 0, and are those of the script that runs, which a compiler may have written. */
export interface Site {
  /** Of the script: the URL of its file, or the name it was compiled under. */
  readonly url: string
  /** Whether it is an ECMAScript module. */
  readonly isModule: boolean
  /** Where the function's source text starts; the column is 0 where V8 does not tell, as for classes with a constructor. */
  readonly line: number
  readonly column: number
  readonly text: string
}

/** Gives the site of a function; undefined for those that are not JavaScript. */
export function siteOf(
  text: string,
  source: FunctionSource,
  inspected: Inspected,
  v8Debugger: V8Debugger,
): Site | undefined {
  const { location, scopes } = inspected
  if (location === undefined) return undefined
  const within = positionAt(text, source.start)
  return {
    url: v8Debugger.scriptName(location.script),
    isModule: scopes.some(({ kind }) => kind === 'Module'),
    line: location.line - within.line,
    column: within.line === 0 ? location.column - within.column : 0,
    text,
  }
}

/** A place in a function as `main.ts:12:7`, in the file that the user wrote. `offset` counts from the start of its text. */
export function describePlace(site: Site, offset: number): string {
  const within = positionAt(site.text, offset)
  const line = site.line + within.line
  const column = within.line === 0 ? site.column + within.column : within.column
  const entry = sourceMapOf(site.url)?.findEntry(line, column)
  if (entry !== undefined && 'originalSource' in entry && entry.originalSource !== undefined) {
    return `${shortName(entry.originalSource)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
  }
  return `${shortName(site.url)}:${line + 1}:${column + 1}`
}

/** Whether a function was written in a file, and not in a session or in text that was compiled. */
export function isOfFile({ url }: Pick<Site, 'url'>): boolean {
  return url.startsWith('file:') || isAbsolute(url)
}

function shortName(url: string): string {
  if (!isOfFile({ url })) return url
  const path = isAbsolute(url) ? url : fileURLToPath(url)
  const fromHere = relative(process.cwd(), path)
  return fromHere.startsWith('..') ? path : fromHere
}

/** Where a function starts in the text of its script; -1 when it is not there. */
export function offsetIn(script: string, { line, column, text }: Site): number {
  const start = offsetAt(script, line, column)
  if (script.startsWith(text, start)) return start
  const found = script.indexOf(text, start)
  const end = script.indexOf('\n', start)
  return column === 0 && (end === -1 || found < end) ? found : -1
}
