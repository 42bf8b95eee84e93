/**
 * Runs a bundle with what V8 compiled of it in an earlier process. Node's own compile cache holds what is compiled when a
 * file is loaded, so each function that is called later would be compiled anew in every process: a fifth of a start.
 */

import { hash } from 'node:crypto'
import { constants as access, accessSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Script } from 'node:vm'
import { threadId } from 'node:worker_threads'

/**
 * What a bundle is: a function that is given its own URL, `import()`, `import.meta.resolve()`, and what keeps what is compiled
 * of it by then.
 */
type Bundle = (
  codeUrl: string,
  load: ImportModule,
  resolve: (name: string) => string,
  keep: () => void,
) => void
type ImportModule = (url: string, options?: ImportCallOptions) => Promise<unknown>

/** A digest of the rest: V8 looks at the version, the options and the length, and trusts what follows. */
const digest = 'sha256'
const digestBytes = 32

/** @param id of the text in `path`, by its content: V8 compares no more than the length. */
export function runBundle(path: string, id: string): void {
  // Node's own place for this version of it, these options of V8 and this user; none where the cache is switched off.
  const directory = getCompileCacheDir()
  const cache = directory === undefined ? undefined : join(directory, `dialback-${id}`)
  const cachedData = cache === undefined ? undefined : read(cache)
  // It is all ASCII.
  const script = new Script(readFileSync(path, 'latin1'), {
    filename: path,
    ...(cachedData && { cachedData }),
  })
  const isKept = cachedData !== undefined && script.cachedDataRejected === false
  const isDamaged = !isKept && cache !== undefined && existsSync(cache)
  const bundle = script.runInThisContext() as Bundle
  // Not as the script's `importModuleDynamically`, of which Node warns on standard error.
  const loadModule: ImportModule = async (url, options) => (await import(url, options)) as unknown
  bundle(
    pathToFileURL(path).href,
    loadModule,
    (name) => import.meta.resolve(name),
    () => {
      // Of many that start at once the first keeps it for all.
      if (cache !== undefined && !isKept && (isDamaged || !existsSync(cache))) keep(cache, script)
    },
  )
}

function read(cache: string): Buffer | undefined {
  try {
    const file = readFileSync(cache)
    const data = file.subarray(digestBytes)
    return file.subarray(0, digestBytes).equals(hash(digest, data, 'buffer')) ? data : undefined
  } catch {
    // Nothing was kept yet.
    return undefined
  }
}

function keep(cache: string, script: Script): void {
  const scratch = `${cache}.${process.pid}.${threadId}`
  try {
    // Before it is computed in vain.
    accessSync(dirname(cache), access.W_OK)
    const data = script.createCachedData()
    writeFileSync(scratch, Buffer.concat([hash(digest, data, 'buffer'), data]), { mode: 0o600 })
    renameSync(scratch, cache)
  } catch {
    // The directory cannot be written, or the disk is full: it goes without, as Node's own does.
  }
}
