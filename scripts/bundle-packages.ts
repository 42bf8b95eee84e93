/** The code of the packages as it is published: few files, because loading many is most of what a short script would cost. */

import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { builtinModules, bundleAgent, requireBuiltin } from '@dialback/worker'
import { type BuildOptions, build } from 'esbuild'

const packages = join(dirname(dirname(fileURLToPath(import.meta.url))), 'packages')

/** What is loaded by its name or its path; what these share and what they load late goes into files beside them. */
const entries: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  protocol: { index: 'index.ts' },
  runtime: { index: 'index.ts' },
  worker: { index: 'index.ts' },
  manager: {
    index: 'index.ts',
    cli: 'cli/main.ts',
    'add-workers': 'cli/add-workers.ts',
    'make-certificate': 'make-certificate.ts',
    'start-program': 'submit/start-program.ts',
  },
}

/** Few files of plain JavaScript for Node, that import other packages by their names. */
export const forNode: BuildOptions = {
  bundle: true,
  splitting: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  logLevel: 'warning',
}

/**
 * What scripts import has ours and the wire's packages within: to find and load a dozen packages takes a script as long as
 * Node itself. Apart stay what is large and seldom used, and the worker's, which looks for the agent beside it.
 */
const withinManager: BuildOptions = {
  packages: 'bundle',
  external: [
    '@dialback/worker',
    '@kubernetes/client-node',
    'commander',
    'esbuild',
    'js-yaml',
    'selfsigned',
    'tsx',
    // Native additions of ws and msgpackr, which do without.
    'bufferutil',
    'utf-8-validate',
    'msgpackr-extract',
  ],
  banner: { js: `const require=${requireBuiltin};` },
}

/** Writes each package's `dist/lib`, and the agent into the worker's `dist/agent`. */
export async function bundlePackages(): Promise<void> {
  for (const [name, entryPoints] of Object.entries(entries)) {
    // As deep in the package as the sources are, which look for its package.json two levels up.
    const outdir = join(packages, name, 'dist/lib')
    rmSync(outdir, { recursive: true, force: true })
    await build({
      ...forNode,
      ...(name === 'manager' && withinManager),
      plugins: [builtinModules],
      absWorkingDir: join(packages, name, 'src'),
      entryPoints,
      outdir,
      target: 'node22',
    })
  }
  await bundleAgent(join(packages, 'worker/dist/agent'))
}
