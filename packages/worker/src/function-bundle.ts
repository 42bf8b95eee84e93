/** What `code-cache.ts` runs: a bundle that is one function, whose text V8 can be given together with what it compiled of it. */

import { createHash } from 'node:crypto'
import type { BuildOptions, Plugin } from 'esbuild'
import { builtinModules } from './builtin-modules.ts'

export interface FunctionBundle {
  readonly code: string
  /** By its content. */
  readonly id: string
}

/**
 * @param options say what is in it.
 * @param require text of the function that gives what is not.
 */
export async function bundleFunction(options: BuildOptions, require: string): Promise<FunctionBundle> {
  const code = await bundled({
    ...options,
    format: 'cjs',
    banner: {
      js: `(function(codeUrl,loadModule,resolveModule,keepCode){"use strict";const require=${require},module={};`,
    },
    footer: { js: 'return module.exports})' },
    define: { 'import.meta.url': 'codeUrl', 'import.meta.resolve': 'resolveModule' },
    plugins: [...(options.plugins ?? []), builtinModules, givenImport],
  })
  return { code, id: createHash('sha256').update(code).digest('hex').slice(0, 16) }
}

/** JavaScript of the file that runs the bundle in `file`, beside it, and hands on what it returns as `opened`. */
export async function runnerOf({ id }: FunctionBundle, file: string, ownCache?: string): Promise<string> {
  const place = ownCache === undefined ? '' : `,import.meta.dirname+'/${ownCache}'`
  return await runner(
    `import { runBundle } from './code-cache.ts'\nexport const opened=runBundle(import.meta.dirname+'/${file}','${id}'${place})`,
  )
}

/**
 * As `runnerOf`, for what others may bundle: `archive` is the specifier of a module whose `archive` is run where the bundle
 * is not beside it.
 */
export async function publishedRunnerOf(
  { id }: FunctionBundle,
  file: string,
  ownCache: string,
  archive: string,
): Promise<string> {
  const code = JSON.stringify({ file, id, ownCache })
  return await runner(
    `import { archive } from '${archive}'\nimport { runPublished } from './run-published.ts'\nexport const opened=runPublished(${code},import.meta.dirname,archive)`,
    [archive],
  )
}

async function runner(contents: string, external: string[] = []): Promise<string> {
  return await bundled({
    stdin: { contents, resolveDir: import.meta.dirname },
    external,
    format: 'esm',
    minifySyntax: true,
    minifyWhitespace: true,
    // What nobody catches is shown by Node with the line that it comes from.
    lineLimit: 120,
    plugins: [builtinModules],
  })
}

async function bundled(options: BuildOptions): Promise<string> {
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    ...options,
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node24',
    logLevel: 'error',
  })
  return outputFiles?.[0]?.text ?? ''
}

/** Modules are loaded by what `code-cache.ts` gives. */
const givenImport: Plugin = {
  name: 'given-import',
  setup(build) {
    build.onLoad({ filter: /reviving\/import-module\.ts$/ }, () => ({
      contents: 'export const importModule=loadModule',
    }))
  },
}
