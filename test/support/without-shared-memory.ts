/** Makes a worker send and receive everything through its socket. */

/** The environment of workers that find no shared memory. */
export function withoutSharedMemory(): Record<string, string> {
  const code = `import fs from 'node:fs'
    import { syncBuiltinESMExports } from 'node:module'
    fs.statfsSync = () => { throw new Error('not here') }
    syncBuiltinESMExports()`
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` }
}
