/** The program that unpacks others in the manager's pod, as text. */

import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { transformSync } from 'esbuild'

/** JavaScript of `start-program`, which stands beside this file: as source in the workspace, compiled in the package. */
export function starterText(): string {
  const url = new URL(`start-program${extname(import.meta.url)}`, import.meta.url)
  return transformSync(readFileSync(url, 'utf8'), { loader: 'ts', format: 'esm', target: 'node24' }).code
}
