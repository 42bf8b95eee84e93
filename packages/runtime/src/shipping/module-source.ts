/** Gets the JavaScript of a module file: as it was loaded, or from the disk. */

import { readFileSync } from 'node:fs'
import { createRequire, findPackageJSON, stripTypeScriptTypes } from 'node:module'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type * as esbuild from 'esbuild'
import { analyzeModule, type ModuleAnalysis } from './module-analysis.ts'
import type { ModuleFormat } from './shell.ts'
import type { ScriptText } from './v8-debugger.ts'

export interface ModuleSource {
  readonly text: string
  readonly format: ModuleFormat
  /** Undefined for JSON. */
  readonly analysis?: ModuleAnalysis
}

/** Why a module cannot be sent. */
export class UnsendableModule extends Error {}

/** A module that only a worker whose image has its package can load. */
export class NativeAddon extends UnsendableModule {}

/**
 * Gives the source of the file at a URL. What is loaded is taken as it was compiled, after whatever transformed it (types
 * stripped, tsx, other loaders); the rest is read and, if it is TypeScript, compiled.
 *
 * @throws {UnsendableModule} when it is no file of JavaScript, TypeScript or JSON.
 */
export function moduleSource(
  url: string,
  loaded: ScriptText | undefined,
  format: string | undefined,
): ModuleSource {
  if (!url.startsWith('file:')) throw new UnsendableModule('it is not a file')
  const path = fileURLToPath(url)
  switch (extname(path)) {
    case '.json':
      return { text: read(path), format: 'json' }
    case '.node':
      throw new NativeAddon("it is a native addon, so its package must be in the worker's image")
    case '.wasm':
      throw new UnsendableModule('it is WebAssembly')
  }
  if (loaded !== undefined && !isViteScript(loaded.text)) {
    const analysis = analyze(loaded.text)
    return { text: loaded.text, format: loaded.isModule ? 'module' : 'commonjs', analysis }
  }
  if (!/^(?:\.[cm]?[jt]sx?)?$/.test(extname(path)))
    throw new UnsendableModule('it is not JavaScript, and what a loader makes of it is not known here')
  const text = compiled(path, read(path))
  const analysis = analyze(text)
  return { text, format: formatOf(url, format, analysis), analysis }
}

/** Removes the types from TypeScript, keeping all positions. @throws when it has syntax that is more than types. */
export function stripTypes(text: string): string {
  // Node warns that this function is experimental, which is nothing that the user could do anything about.
  const original: unknown = Reflect.get(process, 'emitWarning')
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(text)
  } finally {
    Reflect.set(process, 'emitWarning', original)
  }
}

/** Vite evaluates modules as scripts of its own form, which only it can link. */
function isViteScript(text: string): boolean {
  return text.startsWith("'use strict';async (__vi")
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UnsendableModule('it cannot be read', { cause: error })
  }
}

function analyze(text: string): ModuleAnalysis {
  try {
    return analyzeModule(text)
  } catch (error) {
    throw new UnsendableModule('it cannot be parsed', { cause: error })
  }
}

function compiled(path: string, text: string): string {
  const extension = extname(path)
  if (/^\.[cm]?ts$/.test(extension)) {
    try {
      return stripTypes(text)
    } catch {
      return transformed(path, text)
    }
  }
  return /^\.[jt]sx$/.test(extension) ? transformed(path, text) : text
}

/** For enums, JSX and the like. Only loaded when needed, for it starts a process. */
function transformed(path: string, text: string): string {
  const { transformSync } = createRequire(import.meta.url)('esbuild') as typeof esbuild
  try {
    const loader = /\.[cm]?ts$/.test(path) ? 'ts' : path.endsWith('.tsx') ? 'tsx' : 'jsx'
    return transformSync(text, {
      loader,
      sourcefile: path,
      sourcemap: 'inline',
      target: 'node24',
      keepNames: true,
    }).code
  } catch (error) {
    throw new UnsendableModule('it cannot be compiled', { cause: error })
  }
}

function formatOf(url: string, format: string | undefined, analysis: ModuleAnalysis): ModuleFormat {
  if (analysis.isModule || format?.startsWith('module') === true) return 'module'
  if (format === undefined && /\.m[jt]s$/.test(new URL(url).pathname)) return 'module'
  if (format === undefined && /\.[jt]sx?$/.test(new URL(url).pathname) && packageType(url) === 'module')
    return 'module'
  return 'commonjs'
}

function packageType(url: string): unknown {
  try {
    const file = findPackageJSON('.', url)
    const data: unknown = file === undefined ? undefined : JSON.parse(readFileSync(file, 'utf8'))
    return typeof data === 'object' && data !== null && 'type' in data ? data.type : undefined
  } catch {
    return undefined
  }
}
