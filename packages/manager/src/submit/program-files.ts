/** Finds what a script consists of: its own files, those of the packages that it imports, and how they are found there. */

import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { tsconfigFiles } from './tsconfig-files.ts'

export interface ProgramFiles {
  /** All paths are absolute; none of them has a link in it. */
  readonly script: string
  readonly files: readonly string[]
  /** Links that lead to packages, and where each leads. */
  readonly links: ReadonlyMap<string, string>
}

/**
 * Follows the imports of a script. Its files stay as they are, rather than become one: functions then travel from there,
 * and stack traces read, as they do here.
 *
 * @param included files and directories that no import leads to
 * @throws {Error} that says which import leads nowhere.
 */
export async function programFiles(script: string, included: readonly string[]): Promise<ProgramFiles> {
  const entry = realpathSync(script)
  const inputs = await inputsOf(entry)
  const files = new Set<string>(included.flatMap((path) => filesIn(resolve(path))))
  const links = new Map<string, string>()
  for (const [input, { imports }] of Object.entries(inputs)) {
    const file = resolve(dirname(entry), input)
    // What is disabled for some platform has no file.
    if (!existsSync(file)) continue
    files.add(file)
    for (const manifest of manifestsOf(file)) files.add(manifest)
    for (const { original, path } of imports) addLink(links, file, original ?? path)
  }
  for (const { path, extendedBy } of tsconfigFiles(entry)) {
    files.add(path)
    const name = extendedBy && addLink(links, extendedBy.path, extendedBy.specifier)
    if (name !== undefined) for (const manifest of manifestsOf(path)) files.add(manifest)
  }
  return { script: entry, files: [...files].sort(), links }
}

/** As Node would find them. The image has this package itself. */
async function inputsOf(script: string): Promise<Metafile['inputs']> {
  const { metafile } = await build({
    entryPoints: [script],
    absWorkingDir: dirname(script),
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    conditions: ['node-addons', 'module-sync'],
    external: ['@dialback/*'],
    loader: { '.node': 'empty', '.wasm': 'empty' },
    logLevel: 'silent',
  })
  return metafile.inputs
}

/** The package.json files that tell Node how a file is to be read, and in a package how it is found. */
function manifestsOf(file: string): string[] {
  const found: string[] = []
  for (let directory = dirname(file); ; directory = dirname(directory)) {
    const path = join(directory, 'package.json')
    if (existsSync(path)) found.push(path)
    const isOver = isPackage(directory) || (found.length > 0 && !isInPackage(directory))
    if (isOver || directory === dirname(directory)) return found
  }
}

function isPackage(directory: string): boolean {
  return /[\\/]node_modules[\\/](@[^\\/]+[\\/])?[^\\/@][^\\/]*$/.test(directory)
}

function isInPackage(directory: string): boolean {
  return /[\\/]node_modules[\\/]/.test(directory)
}

/** A package manager may keep packages elsewhere, and have links where they are looked for. Gives the package's name, if it is of one. */
function addLink(links: Map<string, string>, importer: string, specifier: string): string | undefined {
  const name = /^(?:@[^/]+\/)?[^./@#:][^/:]*/.exec(specifier)?.[0]
  if (name === undefined) return undefined
  for (let directory = dirname(importer); ; directory = dirname(directory)) {
    const place = join(directory, 'node_modules', name)
    if (existsSync(place)) {
      const target = realpathSync(place)
      const isOurs = name.startsWith('@dialback/')
      if (target !== place && !isOurs) links.set(place, target)
      return name
    }
    if (directory === dirname(directory)) return name
  }
}

/**
 * Packages and repositories in it are left out: nobody means these. So are pipes and sockets, and links that lead back.
 *
 * @param around the directories that it is in, without links
 * @throws {Error} when it is not there.
 */
function filesIn(path: string, around: readonly string[] = []): string[] {
  if (!existsSync(path)) throw new Error(`Cannot include '${path}': there is no such file or directory`)
  if (!statSync(path).isDirectory()) return [path]
  const directory = realpathSync(path)
  if (around.includes(directory)) return []
  return readdirSync(path, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules' && name !== '.git')
    .map(({ name }) => join(path, name))
    .filter((child) => existsSync(child) && isFileOrDirectory(child))
    .flatMap((child) => filesIn(child, [...around, directory]))
}

function isFileOrDirectory(path: string): boolean {
  const found = statSync(path)
  return found.isFile() || found.isDirectory()
}
