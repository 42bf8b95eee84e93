/** The code of the packages as it is published: few files, because loading many is most of what a short script would cost. */

import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { builtinModules, bundleAgent } from '@dialback/worker'
import { type BuildOptions, build } from 'esbuild'
import { bundleManager } from './bundle-manager.ts'

const packages = join(dirname(dirname(fileURLToPath(import.meta.url))), 'packages')

const packaged = ['protocol', 'runtime', 'worker']

/** Few files of plain JavaScript for Node, that import other packages by their names. */
export const forNode: BuildOptions = {
  bundle: true,
  splitting: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  logLevel: 'warning',
}

/** Writes each package's `dist/lib`, and the agent into the worker's `dist/agent`. */
export async function bundlePackages(): Promise<void> {
  for (const name of packaged) {
    await build({
      ...forNode,
      plugins: [builtinModules],
      absWorkingDir: join(packages, name, 'src'),
      entryPoints: ['index.ts'],
      outdir: libOf(name),
      target: 'node24',
    })
  }
  const agent = join(packages, 'worker/dist/agent')
  await bundleAgent(agent)
  await bundleManager(join(packages, 'manager/src'), libOf('manager'), agent)
}

/** As deep in the package as the sources are, which look for its package.json two levels up. */
function libOf(name: string): string {
  const outdir = join(packages, name, 'dist/lib')
  rmSync(outdir, { recursive: true, force: true })
  return outdir
}
