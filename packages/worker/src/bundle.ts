/** Bundles the agent and its threads into few files that start fast and need nothing beside them. */

import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BuildOptions, Plugin } from 'esbuild'
import { requireBuiltin } from './builtin-modules.ts'
import { bundleFunction, runnerOf } from './function-bundle.ts'

const here = dirname(fileURLToPath(import.meta.url))

/** Writes `main.js`, `thread.js` and the tunnel's `relay.js` into `outDir`, each beside the code that it runs. */
export async function bundleAgent(outDir: string): Promise<void> {
  mkdirSync(outDir, { recursive: true })
  const entries = { main: 'main.ts', thread: 'thread.ts', relay: 'relay/main.ts' }
  await Promise.all(
    Object.entries(entries).map(async ([name, path]) => {
      const bundle = await bundleFunction(agentOptions(path), requireBuiltin)
      const file = `${name}.code.js`
      writeFileSync(join(outDir, file), bundle.code)
      writeFileSync(join(outDir, `${name}.js`), await runnerOf(bundle, file))
    }),
  )
  // In an image no package is around them: Node would compile each file as CommonJS first, and then again.
  writeFileSync(join(outDir, 'package.json'), '{ "type": "module" }\n')
}

function agentOptions(path: string): BuildOptions {
  return {
    entryPoints: [join(here, path)],
    minifySyntax: true,
    minifyWhitespace: true,
    // Native additions of ws and msgpackr, which do without; esbuild is only looked for where modules are shipped from.
    external: ['bufferutil', 'utf-8-validate', 'msgpackr-extract', 'esbuild'],
    plugins: [forWebSockets],
  }
}

/** Of Node's HTTP client and of its cryptography `ws` uses no more than the opening handshake. */
const forWebSockets: Plugin = {
  name: 'for-web-sockets',
  setup(build) {
    build.onResolve({ filter: /^(crypto|https?)$/ }, ({ path, importer }) => {
      if (!/[\\/]ws[\\/]lib[\\/]/.test(importer)) return undefined
      return { path: join(here, path === 'crypto' ? 'opening-key.ts' : 'upgrade-request.ts') }
    })
  },
}

/**
 * Gives the file that a worker process runs: the one that was built into the package, or in a checkout of the sources
 * one that is bundled when first asked for and whenever a source has changed.
 */
export async function agentEntry(): Promise<string> {
  const built = builtAgentEntry()
  if (built !== undefined) return built
  const outDir = join(cacheDir(), sourcesHash())
  if (!existsSync(outDir)) {
    mkdirSync(cacheDir(), { recursive: true })
    // Its own also for each of several launches of this process, and for other users to read.
    const scratch = `${outDir}.${randomUUID()}`
    await bundleAgent(scratch)
    try {
      renameSync(scratch, outDir)
    } catch {
      // Another was first.
      rmSync(scratch, { recursive: true, force: true })
    }
  }
  return join(outDir, 'main.js')
}

/** The file that was built into the package; undefined in a checkout of the sources. */
export function builtAgentEntry(): string | undefined {
  const built = join(here, '../agent/main.js')
  return existsSync(built) ? built : undefined
}

function cacheDir(): string {
  return join(here, '../node_modules/.cache/dialback-agent')
}

/** By name, size and time of change: reading all sources would cost every start. */
function sourcesHash(): string {
  const require = createRequire(import.meta.url)
  const hash = createHash('sha256')
  for (const name of ['@dialback/protocol', '@dialback/runtime'])
    hashTree(dirname(require.resolve(name)), hash)
  hashTree(here, hash)
  return hash.digest('hex').slice(0, 16)
}

function hashTree(dir: string, hash: ReturnType<typeof createHash>): void {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) hashTree(path, hash)
    else {
      const { mtimeMs, size } = statSync(path)
      hash.update(`${path} ${mtimeMs} ${size}\n`)
    }
  }
}
