/**
 * What a program takes along that has `@dialback/manager` bundled into it: the files that are found by their place, be it as
 * the program of a worker, of a thread, or by what requires them, laid out as if they were installed.
 */

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import { type Archive, builtinModules, type FunctionBundle, runnerOf } from '@dialback/worker'
import { type BuildOptions, build } from 'esbuild'

interface ArchivedCode {
  /** The manager's sources, and the built agent. */
  readonly sources: string
  readonly agent: string
  readonly bundle: FunctionBundle
  /** Where the bundle looks for itself, and what it keeps of it. */
  readonly file: string
  readonly ownCache: string
  readonly options: BuildOptions
}

/** The highest takes ten times as long, for a tenth less. */
const quality = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_LGWIN]: 22 }

/** Gives JavaScript that exports the archive. */
export async function archiveOf(code: ArchivedCode): Promise<string> {
  const files = await filesOf(code)
  const texts = JSON.stringify([...files.values()])
  const archive: Archive = {
    id: createHash('sha256')
      .update(JSON.stringify([...files]))
      .digest('hex')
      .slice(0, 16),
    runner: 'dist/lib/run.js',
    paths: [...files.keys()],
    texts: brotliCompressSync(texts, { params: quality }).toString('base64'),
  }
  return `export const archive=${JSON.stringify(archive)}\n`
}

async function filesOf(code: ArchivedCode): Promise<Map<string, string>> {
  const { name, version } = JSON.parse(readFileSync(join(code.sources, '../package.json'), 'utf8')) as Record<
    string,
    unknown
  >
  const files = new Map<string, string>([
    ['package.json', JSON.stringify({ name, version, type: 'module' })],
    [`dist/lib/${code.file}`, code.bundle.code],
    ['dist/lib/run.js', await runnerOf(code.bundle, code.file, code.ownCache)],
    ['dist/lib/make-certificate.js', await alone(code, './make-certificate.ts')],
  ])
  const worker = 'node_modules/@dialback/worker'
  files.set(`${worker}/package.json`, JSON.stringify({ type: 'module', exports: './dist/lib/index.js' }))
  files.set(`${worker}/dist/lib/index.js`, await alone(code, '@dialback/worker'))
  for (const file of readdirSync(code.agent).filter((each) => /\.js(on)?$/.test(each)))
    files.set(`${worker}/dist/agent/${file}`, readFileSync(join(code.agent, file), 'utf8'))
  files.set('node_modules/js-yaml/package.json', '{ "main": "index.cjs" }')
  files.set('node_modules/js-yaml/index.cjs', await alone(code, 'js-yaml', 'cjs'))
  return files
}

/** A module with all that it imports, but for what no program has that was bundled. */
async function alone(
  { sources, options }: ArchivedCode,
  entry: string,
  format: 'esm' | 'cjs' = 'esm',
): Promise<string> {
  const { outputFiles } = await build({
    ...options,
    absWorkingDir: sources,
    entryPoints: [entry],
    external: ['esbuild'],
    format,
    // For CommonJS within, which requires Node's own.
    banner: format === 'cjs' ? {} : { js: requireOfModule },
    minifySyntax: true,
    minifyWhitespace: true,
    plugins: [builtinModules],
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}

const requireOfModule = `const require=process.getBuiltinModule('module').createRequire(import.meta.url)`
