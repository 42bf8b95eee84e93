/** For esbuild: Node's own modules in a bundle, without what loading them costs beyond what is used. */

import type { Plugin } from 'esbuild'

/**
 * Needed for what few processes do (TLS, compression, cryptography), by code that asks for them at its start; loading them takes
 * as long as all of the agent.
 */
const rarelyUsed: ReadonlySet<string> = new Set(['crypto', 'https', 'tls', 'v8', 'worker_threads', 'zlib'])

/**
 * Takes builtins from the process rather than by `import`: to make the namespace of one, Node reads all that it exports,
 * and what is behind some of those (web crypto, `undici`, `fs.promises`) is loaded for that alone.
 */
export const builtinModules: Plugin = {
  name: 'builtin-modules',
  setup(build) {
    build.onResolve({ filter: /^(node:)?[a-z_\d]+(\/[a-z_]+)*$/ }, ({ path, kind }) => {
      const name = path.replace(/^node:/, '')
      const isOurs = kind === 'import-statement' && path.startsWith('node:')
      return isOurs || rarelyUsed.has(name) ? { path: name, namespace: 'builtin' } : undefined
    })
    build.onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: rarelyUsed.has(path) ? lazily(path) : inherited(path),
    }))
  },
}

/** All that is required is Node's own. Not by `createRequire`: to import that, Node loads what reads source maps. */
export const requireBuiltin: string =
  '(name)=>{const found=process.getBuiltinModule(name);if(found)return found;throw new Error(`Cannot find module ${name}`)}'

/** Inherited, because what stands in an `import` is looked for along the prototypes of what is taken it from. */
function lazily(name: string): string {
  return `module.exports=Object.create(new Proxy({},{get:(_,key)=>process.getBuiltinModule("node:${name}")[key]}))`
}

/**
 * Its names are inherited, because esbuild reads all own properties of what it takes names from, which loads what is behind
 * them. A few are a class themselves.
 */
function inherited(name: string): string {
  return `const own=process.getBuiltinModule("node:${name}");module.exports=typeof own==="function"?own:Object.create(own)`
}
