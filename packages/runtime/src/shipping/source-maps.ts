/** Source maps of what runs here: those that Node has, and those that compilers left in what they made of a script. */

import { findSourceMap, SourceMap, type SourceMapPayload } from 'node:module'

const inline = /\/\/[#@][ \t]sourceMappingURL=data:application\/json[^,\s]*;base64,([\w+/=]+)/g

/** By URL, of scripts that were compiled before Node was told to keep their maps, as by ts-node and @swc-node/register. */
const found = new Map<string, SourceMap>()

/** The source map of a script, as far as it is known. */
export function sourceMapOf(url: string): SourceMap | undefined {
  return findSourceMap(url) ?? found.get(url)
}

/** Looks for the source map in the text of a script that is not on the disk as it runs. */
export function noteSourceMap(url: string, text: string | undefined): void {
  const data = text === undefined ? undefined : [...text.matchAll(inline)].at(-1)?.[1]
  if (data === undefined) return
  try {
    // The cast: it is a source map, or what is made of it below throws.
    found.set(url, new SourceMap(JSON.parse(Buffer.from(data, 'base64').toString()) as SourceMapPayload))
  } catch {
    // Then places are those in what was compiled.
  }
}
