/** Whether a script is more than Node's own type stripping can run. */

import { readFileSync, statSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, extname, resolve } from 'node:path'
import { buildSync, type Metafile } from 'esbuild'

type Imported = Metafile['inputs'][string]['imports'][number]

/**
 * Looks through a script and the files of the same program that it imports for what only tsx understands: enums and
 * other syntax that is not merely types, decorators, JSX, `paths` of a tsconfig.json, imports without a file's extension.
 *
 * @param script absolute path. One that is not TypeScript, or that cannot be read as such, is left to Node.
 */
export function needsTsx(script: string): boolean {
  if (!/\.([cm]?ts|tsx|jsx)$/.test(script)) return false
  const directory = dirname(script)
  for (const [file, { imports }] of Object.entries(inputsOf(script, directory))) {
    const path = resolve(directory, file)
    if (!isStrippable(path) || !imports.every((imported) => isFoundByNode(imported, path))) return true
  }
  return false
}

/** The script and what it imports, packages left out. */
function inputsOf(script: string, directory: string): Metafile['inputs'] {
  try {
    const { metafile } = buildSync({
      entryPoints: [script],
      absWorkingDir: directory,
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'node',
      packages: 'external',
      logLevel: 'silent',
    })
    return metafile.inputs
  } catch {
    // What is wrong with it Node says better, with the user's own files and lines.
    return {}
  }
}

function isStrippable(path: string): boolean {
  const extension = extname(path)
  if (extension === '.tsx' || extension === '.jsx') return false
  if (!/^\.[cm]?ts$/.test(extension)) return true
  const source = readFileSync(path, 'utf8')
  // Decorators are not types: they would be left in, and Node does not know them yet.
  if (/^\s*@[\w(]/m.test(source)) return false
  try {
    stripTypeScriptTypes(source)
    return true
  } catch {
    return false
  }
}

/** Node adds no extension, swaps none and reads no tsconfig.json. */
function isFoundByNode({ path, original, external }: Imported, importer: string): boolean {
  const specifier = (original ?? path).replace(/\?.*$/, '')
  if (/^\.{0,2}\//.test(specifier))
    return statSync(resolve(dirname(importer), specifier), { throwIfNoEntry: false })?.isFile() === true
  return external === true || specifier.startsWith('#')
}
