/**
 * The manager's package as it is published: all its code in one bundle, which runs with what V8 compiled of it in an earlier
 * process, and beside it the files that are loaded by their name, whose imports come from that bundle.
 */

import { writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { builtinModules, bundleFunction, publishedRunnerOf, requireBuiltin } from '@dialback/worker'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { archiveOf } from './bundle-archive.ts'

const entries = { index: 'index.ts', cli: 'cli/main.ts', 'add-workers': 'cli/add-workers.ts' }
/** These share nothing with the rest: one runs in a thread, the other travels. */
const standAlone = { 'make-certificate': 'make-certificate.ts', 'start-program': 'submit/start-program.ts' }
/**
 * What scripts import has ours and the wire's packages within: to find and load a dozen packages takes a script as long as
 * Node itself. Apart stay what is large and seldom used, and the worker's, which looks for the agent beside it.
 */
const otherPackages = ['@dialback/worker', 'commander', 'esbuild', 'js-yaml', 'selfsigned', 'tsx']
// Native additions of ws and msgpackr, which do without.
const nativeAdditions = ['bufferutil', 'utf-8-validate', 'msgpackr-extract']

const forManager: BuildOptions = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  logLevel: 'warning',
  external: [...otherPackages, ...nativeAdditions],
}

const file = 'dialback.code.js'
const ownCache = '../compile-cache'

/** Writes the files of `dist/lib`. `agent`: the directory that has the built agent. */
export async function bundleManager(sources: string, outdir: string, agent: string): Promise<void> {
  const imported = new Set<string>()
  const options: BuildOptions = { ...forManager, absWorkingDir: sources, outdir }
  await build({
    ...options,
    entryPoints: entries,
    banner: { js: "import{opened}from'./run.js'" },
    plugins: [builtinModules, fromBundle(sources, imported)],
  })
  await build({ ...options, entryPoints: standAlone, plugins: [builtinModules] })
  const bundle = await bundleFunction(
    {
      ...forManager,
      stdin: { contents: opening(imported), resolveDir: sources },
      // What is loaded late is within, or is required: V8 gives such code no `import()`.
      supported: { 'dynamic-import': false },
      minifySyntax: true,
      minifyWhitespace: true,
      // What nobody catches is shown by Node with the line that it comes from.
      lineLimit: 120,
    },
    requireOther,
  )
  writeFileSync(join(outdir, file), bundle.code)
  writeFileSync(join(outdir, 'run.js'), await publishedRunnerOf(bundle, file, ownCache, '#archive'))
  // Which of the two it is, say the manager's `imports`: Node itself has the condition `node-addons`, and no bundler has.
  writeFileSync(join(outdir, 'no-archive.js'), 'export const archive=undefined\n')
  const archived = { sources, agent, bundle, file, ownCache, options: forManager }
  writeFileSync(join(outdir, 'archive.js'), await archiveOf(archived))
}

const requireOther = `(name)=>${JSON.stringify(otherPackages)}.includes(name)?process.getBuiltinModule("module").createRequire(codeUrl)(name):(${requireBuiltin})(name)`

/** Gives the modules by the way that the entries name them, each evaluated when it is first asked for. */
function opening(imported: ReadonlySet<string>): string {
  const modules = [...imported].map((path) => `${JSON.stringify(path)}:()=>require(${JSON.stringify(path)})`)
  return `const modules={${modules.join(',\n')}}\nmodule.exports=(path)=>modules[path]()`
}

/** Takes what the entries import from the bundle, and notes what that is. */
function fromBundle(sources: string, imported: Set<string>): Plugin {
  return {
    name: 'from-bundle',
    setup(plugin) {
      plugin.onResolve({ filter: /^\.|^@dialback\// }, ({ path, importer, resolveDir }) => {
        if (importer === '') return undefined
        const name = path.startsWith('.') ? `./${relative(sources, join(resolveDir, path))}` : path
        imported.add(name)
        return { path: name, namespace: 'from-bundle' }
      })
      plugin.onLoad({ filter: /./, namespace: 'from-bundle' }, ({ path }) => ({
        contents: `module.exports=opened(${JSON.stringify(path)})`,
      }))
    },
  }
}
